using System.Collections.Concurrent;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Routes;
using Cluster.Storage.Sessions;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Cluster.Storage.Tests.Engines;

/// <summary>Asks SQLite for the plan of every statement that the stores have really run, so nothing here repeats their SQL.</summary>
public sealed class SqliteQueryPlanTests() : StoreSuite(new SqliteDatabase())
{
    // Read whole on purpose: a table of one row, and a bounded subquery's own result.
    private static readonly string[] MayScan = ["sequence", "waiting", "recent"];

    [Fact]
    public async Task No_statement_on_the_way_of_a_message_reads_a_whole_table()
    {
        var statements = await WalkAsync();

        Assert.Contains(statements, sql => sql.Contains("FROM dedupe"));
        Assert.Contains(statements, sql => sql.Contains("FROM access_entry"));
        Assert.Contains(statements, sql => sql.Contains("ORDER BY d.priority"));
        Assert.Contains(statements, sql => sql.Contains("FROM token t"));
        Assert.Contains(statements, sql => sql.Contains("s.path = "));
        Assert.Contains(statements, sql => sql.Contains("SET state = 'received'"));
        Assert.Contains(statements, sql => sql.Contains("MAX(hops)"));
        Assert.Contains(statements, sql => sql.Contains("shares = "));
        var scans = new List<string>();
        foreach (var sql in statements)
        {
            scans.AddRange((await PlanAsync(sql)).Where(IsScan).Select(step => $"{step}: {sql}"));
        }

        Assert.Empty(scans);
    }

    [Fact]
    public async Task The_check_itself_notices_a_scan() =>
        Assert.Contains(await PlanAsync("SELECT id FROM event WHERE name = 'x'"), IsScan);

    [Fact]
    public async Task Waiting_deliveries_are_read_in_order_without_a_sort()
    {
        var waiting = (await WalkAsync()).First(sql => sql.Contains("ORDER BY d.priority, d.event_id"));

        var plan = await PlanAsync(waiting);

        Assert.Contains(plan, step => step.Contains("delivery_waiting"));
        Assert.DoesNotContain(plan, step => step.Contains("TEMP B-TREE"));
    }

    // The way of a message and of a verdict once, and every statement that was run for it.
    private async Task<IReadOnlyCollection<string>> WalkAsync()
    {
        var statements = new ConcurrentDictionary<string, byte>();
        await Engine.TurnAsync(turn => Task.FromResult(Trace(turn.Db, statements)), Ct);
        await Engine.ReadAsync(db => Task.FromResult(Trace(db, statements)), Ct);
        await Principals.AuthenticateAsync("unknown", page: false, Ct);
        var path = (await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct))!;
        await Sources.FindAsync(path, Ct);
        await SourceSecrets.RotateAsync("ci", "the-second-secret", TimeSpan.FromHours(1), AliceCalls, Ct);
        await SourceSecrets.UsedAsync((await Sources.FindAsync(path, Ct))!.OldSecrets.Single(), Ct);
        var id = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await MessageAsync("hello", null, "k1"))).EventId;
        await AppendAsync(await MessageAsync("hello", null, "k1"));
        var client = await ConnectAsync();
        await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct);
        await McpSessions.SeenAsync(client.Id, Ct);
        Route route = new() { Name = "fix", When = [new RouteCondition { Field = "source", Values = ["ci"] }], Repository = "*" };
        await new RouteStore(Engine).ApplyAsync([route], dryRun: false, AliceCalls, Ct);
        await new WorkplaceStore(Engine).TellAsync(client.Id, Api, Workplace.Read("github.com/acme/api", "main", null), Ct);
        await new RouteStore(Engine).WorkersAsync("github.com/acme/api", "main", "ci", "alice", 1, Ct);
        await Mailboxes.LookAsync(Api, client.Id, client.Stream, client.Epoch, Ct);
        await DeliverAsync(client);
        var call = new ToolCall { McpSession = client.Id, Session = Api, RequestId = "1", ArgumentsHash = "a" };
        await Tools.ReplyAsync(call, Bob.Value, "answer", id, Ct);
        await Tools.ReplyAsync(call with { RequestId = "2" }, Bob.Value, "answer", null, Ct);
        await Tools.AckAsync(call with { RequestId = "3" }, id, Ct);
        var asker = (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!;
        await Permissions.OpenAsync(asker, "abcde", "Bash", "", "", TimeSpan.FromMinutes(10), Ct);
        var request = (await Permissions.ListAsync(Api, 10, Ct))[0];
        await Permissions.DecideAsync(long.Parse(request.Id), "allow", Alice, Ct);
        await DeliverAsync(client);
        await Sessions.ListAsync(Alice, Ct);
        await Conversations.LinesAsync(Api, Bob.Value, 10, Ct);
        await Conversations.EventsAsync(Api, null, null, 10, Ct);
        await Conversations.FindAsync(Api, id, Ct);
        await Principals.KnowsAsync(Bob, AliceCalls, Ct);
        await McpSessions.InitializeAsync("terminal-1", AliceCalls.TokenId, Api, new Instance("instance-1", false), "2025-11-25", "x", Ct);
        await McpSessions.InitializeAsync("terminal-2", AliceCalls.TokenId, Api, new Instance("instance-2", false), "2025-11-25", "x", Ct);
        await Tools.TellAsync(call with { RequestId = "4" }, new SessionId("alice", "api.2"), "not allowed", Ct);
        await Access.AllowAsync(Api, Identity.Session(Api), Role.Talk, Alice, Ct);
        await Tools.TellAsync(call with { RequestId = "5" }, new SessionId("alice", "api.2"), "allowed", Ct);
        await Access.RevokeAsync(Api, Bob, Role.Talk, Alice, Ct);
        await Mailboxes.CancelAsync(Api, id, Bob, Ct);
        await HoldWalk.RunAsync(Engine, Appends, await MessageAsync("line\n{}", Identity.Source("ci")), Ct);
        await Engine.TurnAsync(MailboxStore.SweepAsync, Ct);
        await Engine.TurnAsync(PermissionStore.SweepAsync, Ct);
        await McpSessions.CloseStreamAsync(client.Id, client.Stream, Ct);
        await McpSessions.EndAsync(client.Id, Ct);
        return [.. statements.Keys];
    }

    private static bool Trace(EngineConnection connection, ConcurrentDictionary<string, byte> statements)
    {
        strdelegate_trace keep = (_, sql) =>
        {
            if (sql.StartsWith("SELECT", StringComparison.Ordinal) || sql.StartsWith("INSERT", StringComparison.Ordinal)
                || sql.StartsWith("UPDATE", StringComparison.Ordinal) || sql.StartsWith("DELETE", StringComparison.Ordinal))
            {
                statements.TryAdd(sql, 0);
            }
        };
        raw.sqlite3_trace(((SqliteConnection)connection.Connection).Handle, keep, null);
        return true;
    }

    private Task<List<string>> PlanAsync(string sql) =>
        Engine.ReadAsync(
            async db =>
            {
                await using var command = db.Connection.CreateCommand();
                command.CommandText = $"EXPLAIN QUERY PLAN {sql}";
                var steps = new List<string>();
                await using var reader = await command.ExecuteReaderAsync(Ct);
                while (await reader.ReadAsync(Ct))
                {
                    steps.Add(reader.GetString(3));
                }

                return steps;
            },
            Ct);

    private static bool IsScan(string step) =>
        step.StartsWith("SCAN ", StringComparison.Ordinal) && !step.Contains("CONSTANT ROW") && !MayScan.Contains(step.Split(' ')[1]);
}
