using System.Diagnostics;
using System.Globalization;
using Cluster.Testing;
using Npgsql;

namespace Cluster.Chaos.Nodes;

/// <summary>A PostgreSQL server of the harness' own, on a scratch folder, made durable as in earnest: it is stopped and started at will.</summary>
internal sealed class ChaosPostgres : IAsyncDisposable
{
    private const string Installed = "/usr/lib/postgresql";

    private readonly string _programs;
    private readonly string _folder;
    private readonly int _port = Programs.FreePort();
    private int _databases;

    private ChaosPostgres(string programs, string folder)
    {
        _programs = programs;
        _folder = folder;
    }

    public static async Task<ChaosPostgres> StartAsync(CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("cluster-chaos-pg-").FullName;
        var server = new ChaosPostgres(NewestPrograms(), folder);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", ["postgres", folder], ct);
        }

        await server.CommandAsync("initdb", ["--pgdata", server.Data, "--username", "cluster", "--auth", "trust", "--no-sync", "--encoding", "UTF8"], ct);
        await File.AppendAllTextAsync(
            Path.Combine(server.Data, "postgresql.conf"),
            $"""

            listen_addresses = '127.0.0.1'
            port = {server._port}
            unix_socket_directories = ''
            shared_buffers = 64MB
            max_connections = 200
            fsync = on
            synchronous_commit = on

            """,
            ct);
        await server.StartAgainAsync(ct);
        return server;
    }

    /// <summary>Returns once the server takes connections.</summary>
    public Task StartAgainAsync(CancellationToken ct) =>
        CommandAsync("pg_ctl", ["start", "--pgdata", Data, "--wait", "--silent", "--log", Path.Combine(_folder, "log")], ct);

    /// <summary>As after a fall: no checkpoint, no farewell to clients.</summary>
    public Task StopImmediatelyAsync(CancellationToken ct) =>
        CommandAsync("pg_ctl", ["stop", "--pgdata", Data, "--mode", "immediate", "--wait", "--silent"], ct);

    /// <returns>The connection string of a new, empty database.</returns>
    public async Task<string> CreateDatabaseAsync(CancellationToken ct)
    {
        var name = $"chaos{Interlocked.Increment(ref _databases)}";
        await using var server = new NpgsqlConnection(Address("postgres") + ";Pooling=false");
        await server.OpenAsync(ct);
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", server);
        await create.ExecuteNonQueryAsync(ct);
        return Address(name);
    }

    public async ValueTask DisposeAsync()
    {
        // A scenario may have ended while the server was down.
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            await StopImmediatelyAsync(CancellationToken.None);
        }

        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private string Address(string database) => $"Host=127.0.0.1;Port={_port};Username=cluster;Database={database}";

    // PostgreSQL's programs refuse to be root.
    private Task CommandAsync(string program, string[] arguments, CancellationToken ct) =>
        Environment.IsPrivilegedProcess
            ? RunAsync("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--", Path.Combine(_programs, program), .. arguments], ct)
            : RunAsync(Path.Combine(_programs, program), arguments, ct);

    private static async Task RunAsync(string program, string[] arguments, CancellationToken ct)
    {
        // No pipes: a server that pg_ctl leaves behind would keep them open.
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", OutputFile(out var output), program, .. arguments])
        {
            WorkingDirectory = "/",
        })!;
        await process.WaitForExitAsync(ct);
        var said = await File.ReadAllTextAsync(output, ct);
        File.Delete(output);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {said}");
        }
    }

    private static string OutputFile(out string file) => file = Path.GetTempFileName();

    private static string NewestPrograms() =>
        Directory.Exists(Installed)
        && Directory.GetDirectories(Installed).MaxBy(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, null, out var v) ? v : 0) is { } newest
            ? Path.Combine(newest, "bin")
            : throw new DirectoryNotFoundException($"No PostgreSQL below {Installed}. Install Debian's package postgresql and run this again.");
}
