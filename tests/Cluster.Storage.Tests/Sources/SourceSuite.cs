using System.Security.Cryptography;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Core.Webhooks;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Principals;
using Cluster.Storage.Sources;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Sources;

public sealed class SqliteSourceTests() : SourceSuite(new SqliteDatabase());

public sealed class PostgresSourceTests() : SourceSuite(new PostgresDatabase());

public abstract class SourceSuite(TestDatabase database) : StoreSuite(database)
{
    [Fact]
    public async Task A_source_is_found_by_its_path_with_its_secret_and_playbook()
    {
        var path = (await AddAsync())!;

        var source = (await Sources.FindAsync(path, Ct))!;

        Assert.Equal(("ci", "github", Api, "Look into it."), (source.Name, source.Kind, source.Session, source.Playbook));
        Assert.Equal(TheSecret, Sources.OpenSecret(source));
        Assert.Null(await Sources.FindAsync("ci", Ct));
        Assert.Null(await Sources.FindAsync("", Ct));
        Assert.Null(await Sources.FindAsync(path.ToUpperInvariant() + "0", Ct));
    }

    [Fact]
    public async Task Another_cluster_key_opens_no_secret()
    {
        var path = (await AddAsync())!;
        var other = new SourceStore(Engine, new SecretBox(new byte[32]));
        var source = (await other.FindAsync(path, Ct))!;

        Assert.ThrowsAny<CryptographicException>(() => other.OpenSecret(source));
    }

    [Fact]
    public async Task One_sources_secret_does_not_open_as_anothers()
    {
        var path = (await AddAsync())!;
        var source = (await Sources.FindAsync(path, Ct))!;

        Assert.ThrowsAny<CryptographicException>(() => Sources.OpenSecret(source with { Name = "errors" }));
    }

    [Fact]
    public async Task A_name_is_given_once()
    {
        var path = (await AddAsync())!;

        Assert.Null(await AddAsync());

        Assert.NotNull(await Sources.FindAsync(path, Ct));
    }

    [Fact]
    public async Task A_source_needs_a_session_of_its_own_owner()
    {
        await Assert.ThrowsAsync<UnauthorizedAccessException>(async () => await AddAsync(await CallerAsync("bob")));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => AddAsync(AliceCalls, new SessionId("alice", "nowhere")));

        Assert.Equal(0, await CountAsync("source"));
    }

    [Fact]
    public async Task A_routed_source_may_put_events_in_until_it_is_removed()
    {
        await AddAsync();
        var webhook = await MessageAsync("from ci", Identity.Source("ci")) with { Kind = EventKind.Webhook };
        Assert.True((await Access.FindAsync(Api, Ct))!.May(Identity.Source("ci"), Act.Talk));
        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(webhook)).EventId;

        Assert.True(await Sources.RemoveAsync("ci", AliceCalls, Ct));

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(webhook));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ConnectAsync()));
        Assert.Equal("dead(revoked)", await StateAsync(id));
    }

    [Fact]
    public async Task A_source_that_is_added_again_is_not_the_one_before()
    {
        var before = (await AddAsync())!;
        Assert.Equal([before], (await Access.FindAsync(Api, Ct))!.RoutedPaths);
        await Sources.RemoveAsync("ci", AliceCalls, Ct);

        var after = (await AddAsync())!;

        Assert.Equal([after], (await Access.FindAsync(Api, Ct))!.RoutedPaths);
        Assert.NotEqual(before, after);
    }

    [Fact]
    public async Task Nobody_else_removes_or_lists_a_source()
    {
        var path = (await AddAsync())!;
        var bob = await CallerAsync("bob");

        Assert.False(await Sources.RemoveAsync("ci", bob, Ct));
        Assert.False(await Sources.RemoveAsync("unknown", AliceCalls, Ct));
        Assert.Empty(await Sources.ListAsync(bob, Ct));
        Assert.Equal("ci", Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).Name);
        Assert.NotNull(await Sources.FindAsync(path, Ct));
    }

    [Fact]
    public async Task Adding_and_removing_are_audited_without_the_secret()
    {
        var path = (await AddAsync())!;
        await Sources.RemoveAsync("ci", AliceCalls, Ct);

        Assert.Equal("alice/api", Assert.Single(await AuditedAsync("source.add")).Detail);
        Assert.Equal("ci", Assert.Single(await AuditedAsync("source.remove")).Subject);
        Assert.DoesNotContain(await Audit.LatestAsync(1_000, Ct), row => $"{row}".Contains(TheSecret) || $"{row}".Contains(path));
    }

    [Fact]
    public async Task A_sources_settings_are_kept()
    {
        var settings = new SourceSettings { Id = "/event/id", Title = "/title" };
        var path = (await Sources.AddAsync(Wish("ci", Api) with { Kind = "generic", Settings = settings }, AliceCalls, Ct))!;

        Assert.Equal(settings, (await Sources.FindAsync(path, Ct))!.Settings);
        Assert.Equal(settings, Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).Settings);
    }

    [Fact]
    public async Task An_old_secret_is_good_until_its_time()
    {
        var path = (await AddAsync())!;

        Assert.Equal(Rotation.Done, await SourceSecrets.RotateAsync("ci", "the-second-secret", TimeSpan.FromHours(24), AliceCalls, Ct));

        var source = (await Sources.FindAsync(path, Ct))!;
        var old = Assert.Single(source.OldSecrets);
        Assert.Equal(("the-second-secret", TheSecret), (Sources.OpenSecret(source), Sources.OpenSecret(old)));
        Clock.Advance(TimeSpan.FromHours(24));
        Assert.Empty((await Sources.FindAsync(path, Ct))!.OldSecrets);
        Assert.Single(Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).Secrets);
    }

    [Fact]
    public async Task Three_secrets_are_good_at_the_most_and_all_old_ones_can_be_ended()
    {
        var path = (await AddAsync())!;
        var day = TimeSpan.FromDays(1);

        Assert.Equal(Rotation.Done, await SourceSecrets.RotateAsync("ci", "the-second-secret", day, AliceCalls, Ct));
        Assert.Equal(Rotation.Done, await SourceSecrets.RotateAsync("ci", "the-third-secret!", day, AliceCalls, Ct));
        Assert.Equal(Rotation.TooMany, await SourceSecrets.RotateAsync("ci", "the-fourth-secret", day, AliceCalls, Ct));
        Assert.Equal("the-third-secret!", Sources.OpenSecret((await Sources.FindAsync(path, Ct))!));
        Assert.Equal(Rotation.Done, await SourceSecrets.RotateAsync("ci", "the-fourth-secret", TimeSpan.Zero, AliceCalls, Ct));

        var source = (await Sources.FindAsync(path, Ct))!;
        Assert.Equal("the-fourth-secret", Sources.OpenSecret(source));
        Assert.Empty(source.OldSecrets);
    }

    [Fact]
    public async Task An_old_secret_that_is_still_used_is_shown_and_audited_once()
    {
        var path = (await AddAsync())!;
        await SourceSecrets.RotateAsync("ci", "the-second-secret", TimeSpan.FromHours(24), AliceCalls, Ct);

        await SourceSecrets.UsedAsync(Assert.Single((await Sources.FindAsync(path, Ct))!.OldSecrets), Ct);
        Clock.Advance(TimeSpan.FromMinutes(1));
        await SourceSecrets.UsedAsync(Assert.Single((await Sources.FindAsync(path, Ct))!.OldSecrets), Ct);

        var shown = Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).Secrets;
        Assert.Equal(["cret", TheSecret[^4..]], shown.Select(secret => secret.End));
        Assert.Equal([null, Clock.GetUtcNow()], shown.Select(secret => secret.UsedAt));
        Assert.Equal("ci", Assert.Single(await AuditedAsync("source.old-secret")).Subject);
    }

    [Fact]
    public async Task Nobody_else_gives_a_source_a_new_secret()
    {
        var path = (await AddAsync())!;

        Assert.Equal(Rotation.NoSuchSource, await SourceSecrets.RotateAsync("ci", "the-second-secret", TimeSpan.Zero, await CallerAsync("bob"), Ct));
        Assert.Equal(Rotation.NoSuchSource, await SourceSecrets.RotateAsync("other", "the-second-secret", TimeSpan.Zero, AliceCalls, Ct));

        Assert.Equal(TheSecret, Sources.OpenSecret((await Sources.FindAsync(path, Ct))!));
    }

    [Fact]
    public async Task An_old_secret_opens_as_no_other_and_goes_with_its_source()
    {
        var path = (await AddAsync())!;
        await SourceSecrets.RotateAsync("ci", "the-second-secret", TimeSpan.FromHours(24), AliceCalls, Ct);
        var source = (await Sources.FindAsync(path, Ct))!;
        var old = Assert.Single(source.OldSecrets);

        Assert.ThrowsAny<CryptographicException>(() => Sources.OpenSecret(old with { Id = "other" }));
        Assert.ThrowsAny<CryptographicException>(() => Sources.OpenSecret(source with { SealedSecret = old.Sealed }));
        await Sources.RemoveAsync("ci", AliceCalls, Ct);
        Assert.Equal(0, await CountAsync("source_secret"));
    }

    [Fact]
    public async Task A_source_waits_for_its_senders_secret_until_the_first_is_given()
    {
        var settings = new SourceSettings { Mode = "timestamp", AwaitsSecret = true };
        var path = (await Sources.AddAsync(Wish("ci", Api) with { Settings = settings }, AliceCalls, Ct))!;
        Assert.True((await Sources.FindAsync(path, Ct))!.Settings.AwaitsSecret);

        Assert.Equal(Rotation.Done, await SourceSecrets.RotateAsync("ci", "the-senders-own-secret", TimeSpan.FromHours(24), AliceCalls, Ct));

        var source = (await Sources.FindAsync(path, Ct))!;
        Assert.Equal(settings with { AwaitsSecret = false }, source.Settings);
        Assert.Equal("the-senders-own-secret", Sources.OpenSecret(source));
        Assert.Empty(source.OldSecrets); // nobody ever knew the one that held its place
    }

    [Fact]
    public async Task What_an_older_node_left_of_a_source_is_no_secret_of_the_next_one_of_its_name()
    {
        await AddAsync();
        await SourceSecrets.RotateAsync("ci", "the-second-secret", TimeSpan.FromHours(24), AliceCalls, Ct);
        foreach (var left in new[] { "DELETE FROM source", "DELETE FROM route" })
        {
            await Engine.TurnAsync(turn => turn.Db.ExecuteAsync(left), Ct);
        }

        var path = (await AddAsync())!;

        Assert.Empty((await Sources.FindAsync(path, Ct))!.OldSecrets);
        Assert.Equal(0, await CountAsync("source_secret"));
    }

    [Fact]
    public async Task The_first_use_of_an_old_secret_is_audited_once_whatever_two_nodes_know()
    {
        var path = (await AddAsync())!;
        await SourceSecrets.RotateAsync("ci", "the-second-secret", TimeSpan.FromHours(24), AliceCalls, Ct);
        var known = Assert.Single((await Sources.FindAsync(path, Ct))!.OldSecrets);

        Assert.True(await SourceSecrets.UsedAsync(known, Ct));
        Assert.True(await SourceSecrets.UsedAsync(known, Ct));
        Assert.False(await SourceSecrets.UsedAsync(known with { Id = "other" }, Ct));

        Assert.Single(await AuditedAsync("source.old-secret"));
    }

    [Fact]
    public async Task An_event_is_found_by_its_key_in_sessions_of_its_source_only()
    {
        await AddAsync();
        var webhook = await MessageAsync("from ci", Identity.Source("ci"), "a-key") with { Kind = EventKind.Webhook };
        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(webhook)).EventId;

        Assert.Equal(new EnteredEvent(id, "queued", null, "alice/api", null), await Sources.EnteredAsync("ci", ["another-key", "a-key"], Ct));
        Assert.Null(await Sources.EnteredAsync("other", ["a-key"], Ct));
        Assert.Null(await Sources.EnteredAsync("ci", ["another-key"], Ct));
    }

    [Fact]
    public async Task A_change_of_a_source_makes_what_was_decided_before_stale_and_its_sessions_know_the_new_settings()
    {
        var path = (await AddAsync())!;
        var webhook = await MessageAsync("from ci", Identity.Source("ci")) with { Kind = EventKind.Webhook };

        var changed = await SourceChanges.ChangeAsync("ci", (_, before) => (before with { Authors = ["184"] }, null), "one author", AliceCalls, Ct);

        var source = (await Sources.FindAsync(path, Ct))!;
        Assert.Equal(["184"], Assert.IsType<SourceChange.Done>(changed).Settings.Authors);
        Assert.Equal(["184"], source.Settings.Authors);
        Assert.Equal(source.SettingsText, (await Access.FindAsync(Api, Ct))!.PathSettings[path]);
        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(webhook));
        Assert.Equal("one author", Assert.Single(await AuditedAsync("source.change")).Detail);
    }

    [Fact]
    public async Task A_change_that_is_none_or_is_refused_or_is_anothers_leaves_all_as_it_was()
    {
        await AddAsync();
        var version = (await Access.FindAsync(Api, Ct))!.Version;

        var same = await SourceChanges.ChangeAsync("ci", (_, before) => (before, null), "", AliceCalls, Ct);
        var refused = await SourceChanges.ChangeAsync("ci", (_, before) => (before with { Payload = true }, "no"), "", AliceCalls, Ct);
        var other = await SourceChanges.ChangeAsync("ci", (_, before) => (before with { Payload = true }, null), "", await CallerAsync("bob"), Ct);

        Assert.IsType<SourceChange.Done>(same);
        Assert.Equal("no", Assert.IsType<SourceChange.Refused>(refused).Fault);
        Assert.IsType<SourceChange.NoSuchSource>(other);
        Assert.Equal(version, (await Access.FindAsync(Api, Ct))!.Version);
        Assert.Empty(await AuditedAsync("source.change"));
    }

    private Task<string?> AddAsync(Caller? by = null, SessionId? session = null) =>
        Sources.AddAsync(Wish("ci", session ?? Api), by ?? AliceCalls, Ct);
}
