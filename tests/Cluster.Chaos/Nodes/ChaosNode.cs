using System.Diagnostics;
using System.Globalization;
using Cluster.Testing;

namespace Cluster.Chaos.Nodes;

/// <summary>One node as a process that can be killed, frozen, thawed, asked to leave and started again at the same address.</summary>
internal sealed class ChaosNode(string name, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, string folder) : IAsyncDisposable
{
    private static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(60);

    private readonly HttpClient _probe = new() { Timeout = TimeSpan.FromSeconds(1) };
    private Process? _process;

    public string Name => name;

    public Uri Url { get; } = new($"http://127.0.0.1:{Programs.FreePort()}");

    /// <summary>As the balancer in front of the nodes sees it.</summary>
    public bool Healthy { get; private set; }

    /// <summary>Set while the harness keeps the process down on purpose.</summary>
    public bool MeantToBeDown { get; private set; }

    public bool Runs => _process is { HasExited: false };

    public string LogFile => Path.Combine(folder, $"{name}.log");

    /// <summary>Returns once the process is there; it serves a little later.</summary>
    public void Launch()
    {
        var start = new ProcessStartInfo("sh", [
            "-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", LogFile, .. command,
            "--urls", Url.ToString().TrimEnd('/'),
            $"--Cluster:NodeName={name}",
            "--Cluster:DrainSeconds=2", // the balancer asks twice a second
            $"--Cluster:Data={Path.Combine(folder, name)}",
            $"--Cluster:Home={Path.Combine(folder, "home")}",
        ]);
        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }

        _process?.Dispose();
        _process = Process.Start(start)!;
        MeantToBeDown = false;
    }

    /// <summary>Returns once the node says that it is ready.</summary>
    public async Task ReadyAsync(CancellationToken ct)
    {
        var start = RunClock.Now;
        while (!await ProbeAsync(ct))
        {
            if (!Runs || RunClock.Now - start > StartsWithin)
            {
                throw new InvalidOperationException($"Node {name} {(Runs ? "is not ready" : "has ended")}. Its log: {await File.ReadAllTextAsync(LogFile, ct)}");
            }

            await Task.Delay(100, ct);
        }
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        (MeantToBeDown, Healthy) = (true, false);
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and wait for the end.</summary>
    public async Task StopAsync(CancellationToken ct)
    {
        MeantToBeDown = true;
        await SignalAsync("TERM");
        await _process!.WaitForExitAsync(ct);
        Healthy = false;
    }

    public Task FreezeAsync() => SignalAsync("STOP");

    public Task ThawAsync() => SignalAsync("CONT");

    /// <summary>Resident memory in bytes.</summary>
    public long Resident()
    {
        var line = File.ReadLines($"/proc/{_process!.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
    }

    /// <summary>Asks as a balancer's health check does.</summary>
    public async Task<bool> ProbeAsync(CancellationToken ct)
    {
        try
        {
            using var answer = await _probe.GetAsync(new Uri(Url, "/readyz"), ct);
            return Healthy = answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            ct.ThrowIfCancellationRequested();
            return Healthy = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Runs)
        {
            await KillAsync();
        }

        _process?.Dispose();
        _probe.Dispose();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
