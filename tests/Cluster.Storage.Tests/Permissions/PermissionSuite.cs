using Cluster.Core.Access;
using Cluster.Core.Permissions;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Permissions;

public sealed class SqlitePermissionTests() : PermissionSuite(new SqliteDatabase());

public sealed class PostgresPermissionTests() : PermissionSuite(new PostgresDatabase());

public abstract class PermissionSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly TimeSpan OpenFor = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task A_verdict_counts_once_and_travels_to_the_client_that_asked()
    {
        var client = await ConnectAsync();
        var id = await OpenAsync(client);

        var (first, request) = await DecideAsync(id, "deny", Alice);
        var (second, seen) = await DecideAsync(id, "allow", Alice);

        Assert.Equal(VerdictOutcome.Accepted, first);
        Assert.Equal(("decided", "deny", "console:alice"), (request!.State, request.Behavior, request.DecidedBy));
        Assert.Equal(VerdictOutcome.AlreadyDecided, second);
        Assert.Equal("deny", seen!.Behavior);
        var batch = await ReadyAsync(client);
        Assert.Equal("""{"request_id":"abcde","behavior":"deny"}""", Assert.Single(batch.Deliveries).Body);
        Assert.Equal("decided", (await FindAsync(id)).State);
        await ConfirmAsync(client, batch.Id);
        Assert.Equal("relayed", (await FindAsync(id)).State);
        Assert.Equal(VerdictOutcome.AlreadyDecided, (await DecideAsync(id, "allow", Alice)).Outcome);
    }

    [Fact]
    public async Task Of_many_verdicts_at_once_one_wins()
    {
        var client = await ConnectAsync();
        var id = await OpenAsync(client);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16)
            .Select(i => Task.Run(() => DecideAsync(id, i % 2 == 0 ? "allow" : "deny", Alice))));

        Assert.Single(outcomes, o => o.Outcome == VerdictOutcome.Accepted);
        Assert.Single((await ReadyAsync(client)).Deliveries);
    }

    [Fact]
    public async Task A_verdict_that_comes_too_late_is_refused()
    {
        var client = await ConnectAsync();
        var id = await OpenAsync(client);
        Clock.Advance(OpenFor);

        Assert.Equal(VerdictOutcome.Expired, (await DecideAsync(id, "allow", Alice)).Outcome);
        Assert.Equal(1, await Engine.TurnAsync(PermissionStore.SweepAsync, Ct));
        Assert.Equal(VerdictOutcome.Expired, (await DecideAsync(id, "allow", Alice)).Outcome);

        Assert.Equal(("expired", "nobody answered in time"), await StateOfAsync(id));
        Assert.Single(await AuditedAsync("permission.expire"));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_verdict_that_did_not_arrive_in_time_expires(bool swept)
    {
        var client = await ConnectAsync();
        var id = await OpenAsync(client);
        await DecideAsync(id, "allow", Alice);
        Clock.Advance(OpenFor);
        if (swept)
        {
            Assert.Equal(1, await Engine.TurnAsync(PermissionStore.SweepAsync, Ct));
        }

        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));

        Assert.Equal(("expired", "the verdict did not arrive in time"), await StateOfAsync(id));
        Assert.Equal(0, await Engine.TurnAsync(PermissionStore.SweepAsync, Ct));
    }

    [Fact]
    public async Task Nobody_but_an_approver_learns_that_a_request_exists_and_each_try_is_audited()
    {
        await Access.AllowAsync(Api, Carol, Role.Watch, Alice, Ct);
        var id = await OpenAsync(await ConnectAsync());

        foreach (var who in new[] { Bob, Carol, Identity.Console("stranger"), Identity.Source("ci"), Identity.Session(Api) })
        {
            Assert.Equal((VerdictOutcome.Unknown, null), await DecideAsync(id, "allow", who));
            Assert.Equal((VerdictOutcome.Unknown, null), await DecideAsync(999_999, "allow", who));
        }

        Assert.Equal("open", (await FindAsync(id)).State);
        Assert.Equal(10, (await AuditedAsync("refused.verdict")).Count);
    }

    [Fact]
    public async Task An_approver_of_one_session_approves_nothing_of_another()
    {
        var web = new Core.Sessions.SessionId("alice", "web");
        await Sessions.EnsureAsync(web, "test", Ct);
        await Access.AllowAsync(web, Carol, Role.Approve, Alice, Ct);
        var id = await OpenAsync(await ConnectAsync());

        Assert.Equal(VerdictOutcome.Unknown, (await DecideAsync(id, "allow", Carol)).Outcome);
    }

    [Fact]
    public async Task A_listed_approver_decides_though_he_may_not_talk()
    {
        await Access.AllowAsync(Api, Carol, Role.Approve, Alice, Ct);
        var client = await ConnectAsync();
        var id = await OpenAsync(client);

        Assert.Equal(VerdictOutcome.Accepted, (await DecideAsync(id, "allow", Carol)).Outcome);

        Assert.Single((await ReadyAsync(client)).Deliveries);
        Assert.Equal("console:carol", Assert.Single(await AuditedAsync("verdict.allow")).Actor);
    }

    [Fact]
    public async Task The_end_of_the_client_that_asked_closes_its_requests()
    {
        var client = await ConnectAsync();
        var other = await ConnectAsync();
        var open = await OpenAsync(client, "abcde");
        var decided = await OpenAsync(client, "bcdef");
        var others = await OpenAsync(other, "cdefg");
        await DecideAsync(decided, "allow", Alice);

        await McpSessions.EndAsync(client.Id, Ct);

        Assert.Equal(("closed", "the client that asked is gone"), await StateOfAsync(open));
        Assert.Equal(("closed", "the client that asked is gone"), await StateOfAsync(decided));
        Assert.Equal("open", (await FindAsync(others)).State);
        Assert.Equal(VerdictOutcome.Closed, (await DecideAsync(open, "allow", Alice)).Outcome);
        Assert.IsType<NextBatch.Empty>(await TakeAsync(other));
    }

    [Fact]
    public async Task A_client_that_has_ended_opens_no_request()
    {
        var client = await ConnectAsync();
        var asker = (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!;
        await McpSessions.EndAsync(client.Id, Ct);

        await Permissions.OpenAsync(asker, "abcde", "Bash", "", "", OpenFor, Ct);

        Assert.DoesNotContain(await Permissions.ListAsync(Api, 10, Ct), request => request.State == "open");
    }

    [Fact]
    public async Task A_verdict_of_an_approver_revoked_meanwhile_does_not_arrive()
    {
        await Access.AllowAsync(Api, Carol, Role.Approve, Alice, Ct);
        var client = await ConnectAsync();
        var id = await OpenAsync(client);
        await DecideAsync(id, "allow", Carol);

        await Access.RevokeAsync(Api, Carol, Role.Approve, Alice, Ct);

        Assert.IsType<NextBatch.Empty>(await TakeAsync(client));
        Assert.Equal(("closed", "the approver's right was revoked before the verdict arrived"), await StateOfAsync(id));
    }

    [Fact]
    public async Task A_repeat_of_an_open_request_changes_nothing()
    {
        var client = await ConnectAsync();
        var id = await OpenAsync(client);

        Assert.Equal(id, await OpenAsync(client));

        Assert.Single(await Permissions.ListAsync(Api, 10, Ct));
    }

    [Fact]
    public async Task The_same_id_of_two_clients_is_two_requests()
    {
        var older = await ConnectAsync();
        var newer = await ConnectAsync();
        var first = await OpenAsync(older);
        var second = await OpenAsync(newer);

        await DecideAsync(second, "allow", Alice);

        Assert.Equal("open", (await FindAsync(first)).State);
        Assert.Single((await ReadyAsync(newer)).Deliveries);
    }

    [Fact]
    public async Task A_flood_of_requests_closes_the_oldest()
    {
        var client = await ConnectAsync();
        foreach (var letter in "abcdefghijkmnopqrstuvwxyz")
        {
            await OpenAsync(client, new string(letter, 5));
        }

        var all = await Permissions.ListAsync(Api, 100, Ct);

        Assert.Equal(25, all.Count);
        Assert.Equal(20, all.Count(r => r.State == "open"));
        Assert.All(all.Skip(20), r => Assert.Equal(("closed", "too many open requests"), (r.State, r.Reason)));
    }

    [Fact]
    public async Task A_request_is_shown_as_it_was_asked()
    {
        var client = await ConnectAsync();
        var asker = (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!;
        var preview = "rm -rf /\u202E\n" + new string('x', 5_000);

        await Permissions.OpenAsync(asker, "abcde", "Bash", "runs it", preview, OpenFor, Ct);

        var request = Assert.Single(await Permissions.ListAsync(Api, 10, Ct));
        Assert.Equal(("Bash", "runs it", preview), (request.ToolName, request.Description, request.InputPreview));
        Assert.Equal(Clock.GetUtcNow() + OpenFor, request.ExpiresAt);
    }

    private async Task<long> OpenAsync(Client client, string requestId = "abcde")
    {
        var asker = (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!;
        await Permissions.OpenAsync(asker, requestId, "Bash", "runs ls", "ls", OpenFor, Ct);
        return long.Parse((await Permissions.ListAsync(Api, 100, Ct)).First(r => r.RequestId == requestId).Id);
    }

    private Task<(VerdictOutcome Outcome, Core.Api.PermissionInfo? Request)> DecideAsync(long id, string behavior, Identity who) =>
        Permissions.DecideAsync(id, behavior, who, Ct);

    private async Task<Core.Api.PermissionInfo> FindAsync(long id) =>
        (await Permissions.ListAsync(Api, 100, Ct)).Single(r => r.Id == id.ToString());

    private async Task<(string State, string? Reason)> StateOfAsync(long id)
    {
        var request = await FindAsync(id);
        return (request.State, request.Reason);
    }
}
