using System.Security.Cryptography;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
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
        var (path, secret) = (await AddAsync())!.Value;

        var source = (await Sources.FindAsync(path, Ct))!;

        Assert.Equal(("ci", "github", Api, "Look into it."), (source.Name, source.Kind, source.Session, source.Playbook));
        Assert.Equal(secret, Sources.OpenSecret(source));
        Assert.Null(await Sources.FindAsync("ci", Ct));
        Assert.Null(await Sources.FindAsync("", Ct));
        Assert.Null(await Sources.FindAsync(path.ToUpperInvariant() + "0", Ct));
    }

    [Fact]
    public async Task Another_cluster_key_opens_no_secret()
    {
        var (path, _) = (await AddAsync())!.Value;
        var other = new SourceStore(Engine, new SecretBox(new byte[32]));
        var source = (await other.FindAsync(path, Ct))!;

        Assert.ThrowsAny<CryptographicException>(() => other.OpenSecret(source));
    }

    [Fact]
    public async Task One_sources_secret_does_not_open_as_anothers()
    {
        var (path, _) = (await AddAsync())!.Value;
        var source = (await Sources.FindAsync(path, Ct))!;

        Assert.ThrowsAny<CryptographicException>(() => Sources.OpenSecret(source with { Name = "errors" }));
    }

    [Fact]
    public async Task A_name_is_given_once()
    {
        var (path, _) = (await AddAsync())!.Value;

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
        var (before, _) = (await AddAsync())!.Value;
        Assert.Equal([before], (await Access.FindAsync(Api, Ct))!.RoutedPaths);
        await Sources.RemoveAsync("ci", AliceCalls, Ct);

        var (after, _) = (await AddAsync())!.Value;

        Assert.Equal([after], (await Access.FindAsync(Api, Ct))!.RoutedPaths);
        Assert.NotEqual(before, after);
    }

    [Fact]
    public async Task Nobody_else_removes_or_lists_a_source()
    {
        var (path, _) = (await AddAsync())!.Value;
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
        var (path, secret) = (await AddAsync())!.Value;
        await Sources.RemoveAsync("ci", AliceCalls, Ct);

        Assert.Equal("alice/api", Assert.Single(await AuditedAsync("source.add")).Detail);
        Assert.Equal("ci", Assert.Single(await AuditedAsync("source.remove")).Subject);
        Assert.DoesNotContain(await Audit.LatestAsync(1_000, Ct), row => $"{row}".Contains(secret) || $"{row}".Contains(path));
    }

    private Task<(string Path, string Secret)?> AddAsync(Caller? by = null, SessionId? session = null) =>
        Sources.AddAsync("github", "ci", session ?? Api, "Look into it.", by ?? AliceCalls, Ct);
}
