using System.Net.Http.Headers;
using System.Security.Cryptography;
using Cluster.Chaos.Clients;
using Cluster.Chaos.History;
using Cluster.Chaos.Load;
using Npgsql;

namespace Cluster.Chaos.Nodes;

/// <summary>A cluster under test: a database of its own, nodes as processes, a balancer before them, scripted sessions, all logs.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-chaos-").FullName;
    private readonly string _token = RandomNumberGenerator.GetHexString(64, lowercase: true);
    private readonly List<ScriptedSession> _sessions = [];

    private ChaosCluster(string engine, ClusterPlan plan)
    {
        var environment = new Dictionary<string, string>
        {
            ["Cluster__Engine"] = engine,
            ["CLUSTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["Cluster__AdminToken"] = _token,
            ["Cluster__Limits__MessagesPerMinute"] = "1000000",
            ["Cluster__Limits__WebhooksPerSecond"] = "1000000",
            ["Cluster__Limits__MailboxWaiting"] = "1000000",
        };
        Nodes = [.. Enumerable.Range(0, plan.Nodes).Select(i => new ChaosNode($"n{i + 1}", Command(plan.Fault(i)), environment, _folder))];
        Balancer = new Balancer(Nodes);
        Database = NpgsqlDataSource.Create($"{engine};Application Name=chaos;Maximum Pool Size=5;Command Timeout=120");
        Witness = new Witness(Database);
        Sender = new Sender(Balancer, Log);
    }

    public IReadOnlyList<ChaosNode> Nodes { get; }

    public Balancer Balancer { get; }

    public NpgsqlDataSource Database { get; }

    public Witness Witness { get; }

    public HistoryLog Log { get; } = new();

    public Sender Sender { get; }

    public IReadOnlyList<Target> Targets { get; private set; } = [];

    public IReadOnlyList<ScriptedSession> Sessions => _sessions;

    public static async Task<ChaosCluster> StartAsync(ChaosPostgres server, ClusterPlan plan, CancellationToken ct)
    {
        var cluster = new ChaosCluster(await server.CreateDatabaseAsync(ct), plan);
        try
        {
            await cluster.StartAsync(plan, ct);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until all that was accepted has come to its end, or patience does.</summary>
    public async Task<bool> SettleAsync(LoadGenerator? load, TimeSpan patience, CancellationToken ct)
    {
        var start = RunClock.Now;
        while (load?.Pending > 0 || Log.Missing > 0 || Sessions.Any(s => s.OpenCalls > 0) || await Witness.UnfinishedAsync(ct) > 0)
        {
            if (RunClock.Now - start > patience)
            {
                return false;
            }

            await Task.Delay(200, ct);
        }

        return true;
    }

    public async Task<Mark> MarkAsync(CancellationToken ct) =>
        new(RunClock.Now, LoadGenerator.NextNumber(), (await Witness.SightingsAsync(ct)).Count, await Witness.HousekeptAsync(ct));

    public async Task<RunHistory> HistoryAsync(CancellationToken ct) =>
        Log.Take(await Witness.EntriesAsync(ct), await Witness.SightingsAsync(ct));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_sessions.Select(s => s.DisposeAsync().AsTask()));
        await Balancer.DisposeAsync();
        Sender.Dispose();
        await Witness.DisposeAsync();
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static string[] Command(string? fault) =>
        fault is null ? ["dotnet", ChaosPrograms.Node] : ["dotnet", ChaosPrograms.Chaos, "node", fault];

    // The first node alone, since it makes the tables that the witness watches.
    private async Task StartAsync(ClusterPlan plan, CancellationToken ct)
    {
        Nodes[0].Launch();
        await Nodes[0].ReadyAsync(ct);
        await Witness.InstallAsync(ct);
        foreach (var node in Nodes.Skip(1))
        {
            node.Launch();
        }

        using var api = new HttpClient { BaseAddress = Nodes[0].Url };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        var targets = new List<Target>(plan.Sessions);
        for (var i = 0; i < plan.Sessions; i++)
        {
            targets.Add(await Target.CreateAsync(api, $"s{i + 1}", _token, ct));
        }

        Targets = targets;
        await Task.WhenAll(Nodes.Select(n => n.ReadyAsync(ct)));
        foreach (var (i, target) in targets.Index())
        {
            _sessions.Add(i < plan.Sessions - plan.Connectors
                ? new HttpSession(target.Session, Balancer, _token, Log)
                : new ConnectorSession(target.Session, Balancer, _token, Path.Combine(_folder, "home"), Log));
        }

        await Task.WhenAll(_sessions.Select(s => s.StartAsync(ct)));
    }
}
