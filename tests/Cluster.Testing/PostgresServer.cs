using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Cluster.Storage.Engines;
using Npgsql;

namespace Cluster.Testing;

/// <summary>One real PostgreSQL server for all tests of a process, from Debian's binaries, in a folder of its own: started when the first
/// test needs it, ended with the process. Every test makes a database of its own in it, as a copy of one that has the schema.</summary>
public sealed class PostgresServer
{
    private const string Template = "template_cluster";

    private static readonly Lazy<Task<PostgresServer>> Shared = new(StartAsync);

    private static int _made;

    private readonly string _log;

    private PostgresServer(int port, string log)
    {
        Port = port;
        _log = log;
    }

    public int Port { get; }

    /// <summary>A new, empty database.</summary>
    /// <returns>Its connection string.</returns>
    public static async Task<string> CreateDatabaseAsync()
    {
        var server = await Shared.Value;
        var name = $"test_{Interlocked.Increment(ref _made)}";
        await ExecuteAsync(server.ConnectionString("postgres"), $"CREATE DATABASE {name} TEMPLATE {Template}");
        return server.ConnectionString(name);
    }

    /// <summary>A new database without any schema.</summary>
    public static async Task<string> CreateEmptyDatabaseAsync()
    {
        var server = await Shared.Value;
        var name = $"test_{Interlocked.Increment(ref _made)}";
        await ExecuteAsync(server.ConnectionString("postgres"), $"CREATE DATABASE {name}");
        return server.ConnectionString(name);
    }

    /// <summary>Removes a database, whoever is connected.</summary>
    public static async Task DropDatabaseAsync(string connectionString)
    {
        var server = await Shared.Value;
        var name = new NpgsqlConnectionStringBuilder(connectionString).Database;
        await ExecuteAsync(server.ConnectionString("postgres"), $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    }

    /// <summary>Lets nobody into a database, and ends who is in; or lets them in again.</summary>
    public static async Task SetAwayAsync(string connectionString, bool away)
    {
        var server = await Shared.Value;
        var name = new NpgsqlConnectionStringBuilder(connectionString).Database;
        await ExecuteAsync(server.ConnectionString("postgres"), $"ALTER DATABASE {name} ALLOW_CONNECTIONS {(away ? "false" : "true")}");
        await ExecuteAsync(server.ConnectionString("postgres"), $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    }

    /// <summary>What the server has logged about a database, each entry whole.</summary>
    public static async Task<IReadOnlyList<string>> LogAsync(string connectionString)
    {
        var server = await Shared.Value;
        var name = new NpgsqlConnectionStringBuilder(connectionString).Database;
        var log = await File.ReadAllTextAsync(server._log);
        return [.. log.Replace("\n\t", "\r", StringComparison.Ordinal).Split('\n')
            .Where(entry => entry.StartsWith($"{name}:", StringComparison.Ordinal)).Select(entry => entry.Replace('\r', '\n'))];
    }

    /// <summary>One statement, past any engine.</summary>
    public static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<PostgresServer> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("cluster-postgres-").FullName;
        var data = Path.Combine(folder, "data");
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "postgres", folder); // the server refuses to run as root
        }

        await RunAsServerAsync("initdb", "-D", data, "-U", "cluster", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8");
        var port = FreePort();

        // Durable as in production; small, since there are many tests and few processors.
        await RunAsServerAsync(
            "pg_ctl", "start", "-w", "-t", "30", "-D", data, "-l", Path.Combine(folder, "log"),
            "-o", $"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 -c log_line_prefix=%d: -c shared_buffers=128MB -c autovacuum_naptime=5s");
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            try
            {
                RunAsServerAsync("pg_ctl", "stop", "-m", "immediate", "-D", data).Wait(TimeSpan.FromSeconds(10));
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or AggregateException)
            {
                Console.Error.WriteLine($"PostgreSQL in {folder} could not be cleaned up: {e.Message}");
            }
        };
        var server = new PostgresServer(port, Path.Combine(folder, "log"));
        await ExecuteAsync(server.ConnectionString("postgres"), $"CREATE DATABASE {Template}");
        await (await PostgresEngine.OpenAsync(
            new PostgresSettings { ConnectionString = server.ConnectionString(Template) }, TimeProvider.System, CancellationToken.None)).DisposeAsync();
        return server;
    }

    private string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={Port};Username=cluster;Database={database};Maximum Pool Size=8";

    /// <summary>Where one of PostgreSQL's programs is.</summary>
    public static string Binary(string name) =>
        Directory.Exists("/usr/lib/postgresql")
        && Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))
            .Select(path => Path.Combine(path, "bin", name)).FirstOrDefault(File.Exists) is { } found
            ? found
            : throw new InvalidOperationException($"PostgreSQL's {name} is not installed. On Debian: apt-get install postgresql. tests/run does it by itself.");

    private static Task RunAsServerAsync(string name, params string[] arguments) =>
        Environment.IsPrivilegedProcess
            ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", Binary(name), .. arguments])
            : RunAsync(Binary(name), arguments);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // The server inherits neither our pipes nor our folder: it would hold them open.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = "/" };
        var log = Path.GetTempFileName();
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec \"$@\" >\"$0\" 2>&1 </dev/null");
        start.ArgumentList.Add(log);
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        var said = await File.ReadAllTextAsync(log);
        File.Delete(log);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{said}");
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
