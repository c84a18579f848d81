using System.Text.RegularExpressions;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Leases;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Principals;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Engines;

/// <summary>Lets PostgreSQL log the plan of every statement that the stores really run (auto_explain) on tables that are not small, so
/// nothing here repeats their SQL.</summary>
public sealed partial class PostgresQueryPlanTests() : StoreSuite(new PostgresDatabase())
{
    private string ConnectionString => ((PostgresDatabase)Database).ConnectionString;

    [Fact]
    public async Task No_statement_on_the_way_of_a_message_reads_a_whole_table()
    {
        await FillAsync();
        await using (var engine = await OpenExplainedAsync())
        {
            await WalkAsync(engine);
        }

        var plans = await PlansAsync();

        Assert.True(plans.Count > 40, $"Only {plans.Count} plans were seen.");
        Assert.Contains(plans, plan => plan.Contains("ORDER BY d.priority"));
        Assert.Contains(plans, plan => PausedByKey().IsMatch(plan));
        Assert.Contains(plans, plan => plan.Contains("INSERT INTO dedupe"));
        Assert.Contains(plans, plan => plan.Contains("SET state = 'received'"));
        Assert.DoesNotContain(plans, plan => Scans().Matches(plan).Any(scan => Large.Contains(scan.Groups[1].Value)));
    }

    // So it stands when a burst begins: all that is known of the indexes of what waits is that they are empty.
    [Fact]
    public async Task What_waits_is_found_by_key_though_nothing_waited_when_the_tables_were_counted()
    {
        await FillAsync();
        await PostgresServer.ExecuteAsync(ConnectionString, "UPDATE delivery SET state = 'received'");
        foreach (var table in new[] { "delivery", "session", "access", "attachment", "mcp_session" })
        {
            await PostgresServer.ExecuteAsync(ConnectionString, $"VACUUM ANALYZE {table}");
        }

        await using (var engine = await OpenExplainedAsync())
        {
            await WalkAsync(engine);
        }

        var plans = await PlansAsync();

        Assert.Contains(plans, plan => plan.Contains("using delivery_waiting"));
        Assert.Contains(plans, plan => plan.Contains("using delivery_unconfirmed"));
        Assert.DoesNotContain(plans, plan => Unkeyed().IsMatch(plan));
    }

    [Fact]
    public async Task The_check_itself_notices_an_index_that_is_read_whole()
    {
        await FillAsync();

        await PostgresServer.ExecuteAsync(
            $"{ConnectionString};Options=-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 -c enable_seqscan=off",
            "SELECT 1 FROM delivery WHERE state = 'sent' AND epoch > 0 AND received_at = 1");

        Assert.Contains(await PlansAsync(), plan => Unkeyed().IsMatch(plan));
    }

    [Fact]
    public async Task The_check_itself_notices_a_scan()
    {
        await FillAsync();

        await PostgresServer.ExecuteAsync(
            $"{ConnectionString};Options=-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 -c enable_seqscan=off",
            "SELECT id FROM event WHERE name = 'x'");

        Assert.Contains(await PostgresServer.LogAsync(ConnectionString), entry => Scans().Matches(entry).Any(scan => Large.Contains(scan.Groups[1].Value)));
    }

    private Task<Storage.Engines.PostgresEngine> OpenExplainedAsync() => Storage.Engines.PostgresEngine.OpenAsync(
        new Storage.Engines.PostgresSettings
        {
            ConnectionString = $"{ConnectionString};Options=-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0",
            FollowServerClock = false,
        },
        Clock,
        Ct);

    private async Task<IReadOnlyList<string>> PlansAsync() =>
        [.. (await PostgresServer.LogAsync(ConnectionString)).Where(entry => entry.Contains("Query Text", StringComparison.Ordinal))];

    // The tables that grow with people, sessions and events. `lease` and `node` have as many rows as there are nodes.
    private static readonly string[] Large =
    [
        "access", "access_entry", "attachment", "dedupe", "delivery", "event", "event_note", "identity", "mcp_session", "permission_request",
        "reply", "route", "route_reach", "session", "source", "token", "tool_call", "principal",
        "workplace", "source_owner", "route_source", "route_place",
    ];

    // Enough of everything that reading it whole is never the planner's choice.
    private Task FillAsync() => PostgresServer.ExecuteAsync(
        ConnectionString,
        """
        INSERT INTO principal SELECT 'p' || i, 0, 0 FROM generate_series(1, 5000) i;
        INSERT INTO identity SELECT 'console:p' || i, 'p' || i FROM generate_series(1, 5000) i;
        INSERT INTO token SELECT 't' || i, 'h' || i, 'p' || i, 'access', NULL, '', 0, NULL, NULL FROM generate_series(1, 5000) i;
        INSERT INTO session SELECT 'p' || i || '/s', 'p' || i, 0, 0, 1, NULL FROM generate_series(1, 5000) i;
        INSERT INTO access SELECT 'p' || i || '/s', 1 FROM generate_series(1, 5000) i;
        INSERT INTO access_entry SELECT 'p' || i || '/s', 'console:alice', 'talk', '', 0 FROM generate_series(1, 20) i;
        INSERT INTO access_entry SELECT 'p' || i || '/s', 'console:p1', 'talk', '', 0 FROM generate_series(21, 5000) i;
        INSERT INTO source SELECT 'src' || i, 'github', 'p1', 'path' || i, '', 0 FROM generate_series(1, 5000) i;
        INSERT INTO route SELECT 'src' || i, 'p' || i || '/s', '' FROM generate_series(1, 5000) i;
        INSERT INTO route_reach SELECT 'src' || i, 'p' || i || '/s', 'p1', 1 FROM generate_series(1, 5000) i;
        INSERT INTO workplace SELECT 'p' || i || '/s', 'github.com/p' || i || '/s', 'github.com/p' || i || '/s', 'main', 's', 0 FROM generate_series(1, 5000) i;
        INSERT INTO source_owner SELECT 'path' || i, 'p' || i, 0, 0 FROM generate_series(1, 5000) i;
        INSERT INTO route_source SELECT 'path' || i, 'p' || i FROM generate_series(1, 5000) i;
        INSERT INTO route_place SELECT 'p' || i, 'acme/p' || i, 'src' || i, 1 FROM generate_series(1, 5000) i;
        INSERT INTO event SELECT -i, 'chat', '', 'console:bob', 'console:bob', 'member', '\x0061', NULL, 0 FROM generate_series(1, 20000) i;
        INSERT INTO delivery SELECT 'p' || (i % 5000) || '/s', -i, 'console:bob', 1, CASE WHEN i % 10 = 0 THEN 'queued' ELSE 'received' END,
          NULL, 1, 1, 1, 0, 9000000000000, 0, 0, NULL FROM generate_series(1, 20000) i;
        INSERT INTO event_note SELECT -i, 0, '' FROM generate_series(1, 5000) i;
        INSERT INTO dedupe SELECT 'k' || i, -i, 9000000000000 FROM generate_series(1, 20000) i;
        INSERT INTO reply SELECT -i, 'p' || (i % 5000) || '/s', 'console:bob', NULL, '\x0061', 0 FROM generate_series(1, 5000) i;
        INSERT INTO mcp_session SELECT 'm' || i, 't' || i, 'p' || i || '/s', 1, '', '', 0, 0, 0, 'x', NULL, 'n' FROM generate_series(1, 5000) i;
        INSERT INTO attachment SELECT 'p' || i || '/s', 1, 'm' || i, 'x', 0 FROM generate_series(1, 5000) i;
        INSERT INTO tool_call SELECT 'm' || i, '1', '', '', 9000000000000 FROM generate_series(1, 5000) i;
        INSERT INTO permission_request SELECT -i, 'p' || i || '/s', 'm' || i, 'abcde', '', '', '\x0061', 'relayed', NULL, 0, 0, NULL, NULL, NULL, -i
          FROM generate_series(1, 5000) i;
        ANALYZE;
        """);

    private static readonly Route ByRepository =
        new() { Name = "fix", When = [new RouteCondition { Field = "source", Values = ["ci"] }], Repository = "*" };

    // The way of a message and of a verdict, often enough that prepared statements have settled on their plans.
    private async Task WalkAsync(Storage.Engines.PostgresEngine engine)
    {
        var principals = new PrincipalStore(engine);
        var mcp = new Storage.Sessions.McpSessionStore(engine);
        var mailboxes = new MailboxStore(engine);
        var tools = new ToolCallStore(engine, new MailboxLimits());
        var permissions = new PermissionStore(engine);
        var conversations = new ConversationStore(engine);
        var sources = new Storage.Sources.SourceStore(engine, Box);
        var appends = engine.Appends(new MailboxLimits());
        var path = (await sources.AddAsync(Wish("ci", Api), AliceCalls, Ct))!;
        var (rules, workplaces) = (new Storage.Routes.RouteStore(engine), new Storage.Sessions.WorkplaceStore(engine));
        await rules.ApplyAsync([ByRepository], dryRun: false, AliceCalls, Ct);
        for (var round = 0; round < 8; round++)
        {
            await principals.AuthenticateAsync("unknown", page: false, Ct);
            await sources.FindAsync(path, Ct);
            var id = $"walk-{round}";
            await mcp.InitializeAsync(id, AliceCalls.TokenId, Api, "2025-11-25", "test", Ct);
            await mcp.InitializedAsync(id, Ct);
            var (_, epoch) = await mcp.AttachAsync(id, $"stream-{round}", true, Ct);
            await workplaces.TellAsync(id, Api, Workplace.Read($"github.com/acme/api{round % 2}", $"b{round}", null), Ct);
            await rules.WorkersAsync("github.com/acme/api", "main", "ci", "alice", 1, Ct);
            var message = await MessageAsync("hello", null, $"walk-{round}", $"body-{round}");
            var accepted = (AppendOutcome.Accepted)(await appends.AppendAsync([Appender.Pack(message)], Ct))[0];
            await appends.AppendAsync([Appender.Pack(message)], Ct);
            await mcp.FindAsync(id, AliceCalls.TokenId, Ct);
            await mcp.SeenAsync(id, Ct);
            await mailboxes.LookAsync(Api, id, $"stream-{round}", epoch, Ct);
            var batch = new BatchId(epoch, 1);
            await mailboxes.TakeAsync(Api, id, batch, Ct);
            await mailboxes.ConfirmAsync([new Confirmation(Api, id, batch)], Ct);
            var call = new ToolCall { McpSession = id, Session = Api, RequestId = "1", ArgumentsHash = "a" };
            await tools.ReplyAsync(call, Bob.Value, "answer", accepted.EventId, Ct);
            await tools.AckAsync(call with { RequestId = "2" }, accepted.EventId, Ct);
            var asker = (await mcp.FindAsync(id, AliceCalls.TokenId, Ct))!;
            await permissions.OpenAsync(asker, "abcde", "Bash", "", "", TimeSpan.FromMinutes(10), Ct);
            var request = (await permissions.ListAsync(Api, 10, Ct))[0];
            await permissions.DecideAsync(long.Parse(request.Id), "allow", Alice, Ct);
            var verdict = new BatchId(epoch, 2);
            await mailboxes.TakeAsync(Api, id, verdict, Ct);
            await mailboxes.ConfirmAsync([new Confirmation(Api, id, verdict)], Ct);
            await conversations.LinesAsync(Api, Bob.Value, 10, Ct);
            await conversations.EventsAsync(Api, null, null, 10, Ct);
            await conversations.FindAsync(Api, accepted.EventId, Ct);
            await new EventLives(engine).FindAsync(accepted.EventId, Alice, Ct);
            await new Storage.Sessions.SessionStore(engine).ListAsync(Alice, Ct);
            await principals.KnowsAsync(Bob, AliceCalls, Ct);
            await HoldWalk.RunAsync(engine, appends, await MessageAsync("line\n{}", Core.Access.Identity.Source("ci")), Ct);
            await engine.TurnAsync(MailboxStore.SweepAsync, Ct);
            await engine.TurnAsync(PermissionStore.SweepAsync, Ct);
            await new LeaseStore(engine).TakeAsync("housekeeping", Ct);
            await mcp.CloseStreamAsync(id, $"stream-{round}", Ct);
            await mcp.EndAsync(id, Ct);
        }
    }

    // Of a paused session only the first are read, however many wait behind them.
    [GeneratedRegex(@"Index Cond: [^\n]*priority <= CASE WHEN")]
    private static partial Regex PausedByKey();

    [GeneratedRegex(@"Seq Scan on (\w+)")]
    private static partial Regex Scans();

    // A scan of an index of deliveries whose next line is no condition on its key. The sweep alone reads one whole: what has expired.
    [GeneratedRegex(@"Scan using delivery_(?!expiry)\w+ on delivery[^\n]*\n(?!\s*Index Cond:)")]
    private static partial Regex Unkeyed();
}
