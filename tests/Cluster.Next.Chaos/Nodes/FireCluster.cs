using System.Net.Http.Headers;
using System.Security.Cryptography;
using Cluster.Chaos;
using Cluster.Chaos.Clients;
using Cluster.Chaos.History;
using Cluster.Chaos.Load;
using Cluster.Chaos.Nodes;
using Cluster.Next.Chaos.History;
using Cluster.Next.Chaos.Load;
using Npgsql;

namespace Cluster.Next.Chaos.Nodes;

/// <summary>A cluster of the new house under fire: a database of its own, nodes as processes, a balancer before them, scripted sessions, all logs.
/// Every node has an admin of its own; the first one's owns the sessions, and all of them talk.</summary>
internal sealed class FireCluster : IAsyncDisposable
{
    private static readonly string[] People = ["alice", "bob", "carol"];

    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-fire-").FullName;
    private readonly List<HttpSession> _sessions = [];
    private readonly List<Death> _deaths = [];

    private FireCluster(string store, FirePlan plan)
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        Talkers = [.. People.Take(plan.Nodes).Select(name => new Talker(name, RandomNumberGenerator.GetHexString(64, lowercase: true)))];
        Nodes = [.. Talkers.Select((talker, i) => new ChaosNode($"n{i + 1}", Command(plan.Fault(i)), Environment(talker, store, key), _folder))];
        Balancer = new Balancer([.. Nodes.Where((_, i) => plan.Serves(i))]);
        Database = NpgsqlDataSource.Create($"{store};Application Name=fire;Pooling=false;Command Timeout=60");
        Table = new LogTable(Database);
        Sender = new Sender(Balancer, Log);
    }

    public IReadOnlyList<ChaosNode> Nodes { get; }

    public Balancer Balancer { get; }

    public NpgsqlDataSource Database { get; }

    public LogTable Table { get; }

    public HistoryLog Log { get; } = new();

    public Sender Sender { get; }

    /// <summary>Who talks; the first one owns the sessions.</summary>
    public IReadOnlyList<Talker> Talkers { get; }

    public string Owner => Talkers[0].Name;

    public IReadOnlyList<HttpSession> Sessions => _sessions;

    /// <summary>Where a node keeps its things.</summary>
    public string FolderOf(ChaosNode node) => Path.Combine(_folder, node.Name);

    public static async Task<FireCluster> StartAsync(ChaosPostgres server, FirePlan plan, CancellationToken ct)
    {
        var cluster = new FireCluster(await server.CreateDatabaseAsync(ct), plan);
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

    /// <summary>The node that holds most of the sessions, by their logs.</summary>
    public async Task<ChaosNode> HolderAsync(CancellationToken ct)
    {
        var holders = await Table.HoldersAsync(ct);
        return Nodes.MaxBy(node => holders.Values.Count(holder => holder == node.Name))!;
    }

    public async Task KillAsync(ChaosNode node)
    {
        await node.KillAsync();
        Died(node);
    }

    /// <summary>The node's process is known to have ended.</summary>
    public void Died(ChaosNode node) => _deaths.Add(new Death(node.Name, RunClock.Now));

    /// <summary>Starts again what does not run, and waits until all are ready.</summary>
    public async Task HealAsync(CancellationToken ct)
    {
        foreach (var node in Nodes.Where(node => !node.Runs))
        {
            node.Launch();
        }

        await Task.WhenAll(Nodes.Select(node => node.ReadyAsync(ct)));
    }

    /// <summary>Waits until all that was accepted has been read, or patience ends.</summary>
    public async Task SettleAsync(Talk? talk, TimeSpan patience, CancellationToken ct)
    {
        var start = RunClock.Now;
        while ((talk?.Pending > 0 || Log.Missing > 0 || Sessions.Any(session => session.OpenCalls > 0)) && RunClock.Now - start < patience)
        {
            await Task.Delay(200, ct);
        }

        await Task.Delay(500, ct); // the last batches are confirmed
    }

    /// <summary>All that was seen, and what the checkers make of it.</summary>
    public async Task<(RunHistory History, Findings Findings)> CheckAsync(CancellationToken ct)
    {
        var seen = Log.Take([], []); // first, so that the table has at least what was seen
        var rows = await Table.ReadAsync(ct);
        var history = seen with { Entries = LogTable.Entries(rows) };
        var findings = Checker.Check(history);
        LogChecker.Check(rows, _deaths, history, findings);
        return (history, findings);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_sessions.Select(session => session.DisposeAsync().AsTask()));
        await Balancer.DisposeAsync();
        Sender.Dispose();
        await Database.DisposeAsync();
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    public HttpClient Api(int node, Talker talker)
    {
        var api = new HttpClient { BaseAddress = Nodes[node].Url, Timeout = TimeSpan.FromSeconds(120) };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", talker.Token);
        return api;
    }

    private static string[] Command(string? fault) =>
        fault is null ? ["dotnet", NextPrograms.Node] : ["dotnet", NextPrograms.Chaos, "node", fault];

    private static Dictionary<string, string> Environment(Talker talker, string store, string key) => new()
    {
        ["Cluster__Store"] = store,
        ["CLUSTER_KEY"] = key,
        ["Cluster__Admin"] = talker.Name,
        ["Cluster__AdminToken"] = talker.Token,
        ["Cluster__Limits__MailboxWaiting"] = "1000000",
    };

    // The first node alone, so that it holds all the sessions at first.
    private async Task StartAsync(FirePlan plan, CancellationToken ct)
    {
        Nodes[0].Launch();
        await Nodes[0].ReadyAsync(ct);
        using var api = Api(0, Talkers[0]);
        List<string> names = [.. Enumerable.Range(1, plan.Sessions).Select(i => $"s{i}")];
        foreach (var name in names)
        {
            await AskAsync(() => api.PostAsync($"/api/sessions/me/{name}", null, ct));
            foreach (var talker in Talkers.Skip(1))
            {
                await AskAsync(() => api.PutAsync($"/api/sessions/me/{name}/access/console:{talker.Name}/talk", null, ct));
            }
        }

        foreach (var node in Nodes.Skip(1))
        {
            node.Launch();
        }

        await Task.WhenAll(Nodes.Select(node => node.ReadyAsync(ct)));
        _sessions.AddRange(names.Select(name => new HttpSession(name, Balancer, Talkers[0].Token, Log)));
        await Task.WhenAll(_sessions.Select(session => session.StartAsync(ct)));
    }

    // A node that has just become ready may still be finding its admin.
    private static async Task AskAsync(Func<Task<HttpResponseMessage>> ask)
    {
        for (var tries = 0; ; tries++)
        {
            using var answer = await ask();
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            if (tries == 50)
            {
                throw new InvalidOperationException($"{answer.RequestMessage?.RequestUri} was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            }

            await Task.Delay(200);
        }
    }
}

/// <summary>What a cluster is made of.</summary>
internal sealed record FirePlan
{
    public int Nodes { get; init; } = 3;

    public int Sessions { get; init; } = 20;

    /// <summary>The fault that the nth node is built with; null for the product as it is.</summary>
    public Func<int, string?> Fault { get; init; } = _ => null;

    /// <summary>Whether clients and senders use the nth node.</summary>
    public Func<int, bool> Serves { get; init; } = _ => true;
}
