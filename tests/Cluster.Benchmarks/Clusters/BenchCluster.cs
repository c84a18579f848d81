using System.Globalization;
using System.Threading.Channels;
using Cluster.Testing;
using Npgsql;

namespace Cluster.Benchmarks.Clusters;

/// <summary>Which node's program.</summary>
internal enum House
{
    Old,
    New,
}

/// <summary>Nodes as processes of their own over one PostgreSQL, and clients that are attached to them.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    private const int AnsweringConnections = 16; // to each node

    private static readonly string Key = Convert.ToBase64String(new byte[32]);

    private readonly List<(ChildProcess Process, DirectoryInfo Folder)> _nodes = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _work = [];
    private readonly Channel<byte[]> _answers = Channel.CreateUnbounded<byte[]>();

    private long _answered;

    private readonly House _house;
    private readonly string[] _settings;

    private BenchCluster(string connectionString, House house, string[] settings) =>
        (ConnectionString, _house, _settings) = (connectionString, house, settings);

    public House House => _house;

    public string ConnectionString { get; }

    public string Token { get; } = "benchmark-benchmark-benchmark-benchmark";

    public List<int> Ports { get; } = [];

    public List<RawSession> Sessions { get; } = [];

    public ChildProcess Process(int node) => _nodes[node].Process;

    /// <summary>Events that were read, and whether every ping behind them has been answered and the answer taken.</summary>
    public (long Received, bool Confirmed) Progress =>
        (Sessions.Sum(session => session.Received), Interlocked.Read(ref _answered) >= Sessions.Sum(session => session.Pings));

    public static Task<BenchCluster> StartAsync(int nodes, params string[] settings) => StartAsync(House.Old, nodes, settings);

    public static async Task<BenchCluster> StartAsync(House house, int nodes, params string[] settings)
    {
        var cluster = new BenchCluster(await PostgresServer.CreateDatabaseAsync(), house, settings);
        for (var i = 0; i < nodes; i++)
        {
            await cluster.AddNodeAsync();
        }

        return cluster;
    }

    public async Task AddNodeAsync()
    {
        var folder = Directory.CreateTempSubdirectory("cluster-bench-");
        var port = Programs.FreePort();
        var process = ChildProcess.Start(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, _house == House.Old ? "Cluster.Server.dll" : "Cluster.Next.Server.dll"),
                "--urls", $"http://127.0.0.1:{port}",
                $"--Cluster:Data={Path.Combine(folder.FullName, "data")}",
                $"--Cluster:Home={Path.Combine(folder.FullName, "home")}",
                .. _settings,
                $"--Cluster:Engine={new NpgsqlConnectionStringBuilder(ConnectionString) { MaxPoolSize = 20 }}",
                $"--Cluster:Key={Key}",
                $"--Cluster:AdminToken={Token}",
                $"--Cluster:NodeName=node-{Ports.Count + 1}",
                "--Cluster:Limits:MessagesPerMinute=1000000",
                "--Cluster:Limits:MailboxWaiting=10000000",
            ]);
        await process.LineWithAsync("is running", 60);
        _nodes.Add((process, folder));
        Ports.Add(port);
    }

    /// <summary>Makes sessions and attaches a client to each, at this node.</summary>
    public async Task AttachAsync(int count, int node, int atOnce = 16)
    {
        var next = Sessions.Count;
        var end = next + count;
        next--;
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async _ =>
        {
            using var connection = await RawConnection.OpenAsync(Ports[node]);
            while (Interlocked.Increment(ref next) is var i && i < end)
            {
                var session = await RawSession.InitializeAsync(connection, $"s{i}", Token);
                await session.OpenAsync(Ports[node]);
                lock (Sessions)
                {
                    Sessions.Add(session);
                }
            }
        }));
    }

    /// <summary>Reads all streams, and has pings answered at this node.</summary>
    public async Task ReadAsync(int answerAt)
    {
        for (var i = 0; i < AnsweringConnections; i++)
        {
            var connection = await RawConnection.OpenAsync(Ports[answerAt]);
            _work.Add(Task.Run(async () =>
            {
                using (connection)
                {
                    await foreach (var answer in _answers.Reader.ReadAllAsync())
                    {
                        await connection.ExchangeAsync(answer);
                        Interlocked.Increment(ref _answered);
                    }
                }
            }));
        }

        _work.AddRange(Sessions.Select(session => Task.Run(() => session.ReadAsync(_answers.Writer, _stop.Token))));
    }

    public async Task<long> NumberAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _answers.Writer.TryComplete();
        foreach (var session in Sessions)
        {
            session.Dispose();
        }

        await Task.WhenAny(Task.WhenAll(_work), Task.Delay(TimeSpan.FromSeconds(5)));
        foreach (var (process, folder) in _nodes)
        {
            await process.DisposeAsync();
            folder.Delete(recursive: true);
        }

        await PostgresServer.DropDatabaseAsync(ConnectionString);
        _stop.Dispose();
    }
}
