using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Next.Server.Tests;

/// <summary>A node as a process of its own, at a free loopback port over a scratch folder.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private readonly HttpClient _http;

    private NodeProcess(string folder, string token, int port, params string[] settings)
    {
        Folder = folder;
        Token = token;
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(10) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        Process = ChildProcess.Start(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Cluster.Next.Server.dll"),
                "--urls", _http.BaseAddress.ToString().TrimEnd('/'),
                $"--Cluster:Data={Path.Combine(folder, "data")}",
                $"--Cluster:Home={Path.Combine(folder, "home")}",
                .. settings,
            ]);
    }

    public string Folder { get; }

    public string Token { get; }

    public ChildProcess Process { get; }

    public HttpClient Http => _http;

    /// <summary>How long it took from its start to its line "is running".</summary>
    public TimeSpan Started { get; private set; }

    /// <summary>Starts one without waiting for it.</summary>
    public static NodeProcess Launch(params string[] settings)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        return new NodeProcess(
            Directory.CreateTempSubdirectory("cluster-test-").FullName, token, Programs.FreePort(), [$"--Cluster:AdminToken={token}", .. settings]);
    }

    public static async Task<NodeProcess> StartAsync(params string[] settings)
    {
        var watch = Stopwatch.StartNew();
        var node = Launch(settings);
        await node.Process.LineWithAsync("is running", 60);
        node.Started = watch.Elapsed;
        return node;
    }

    /// <summary>Who is in the list of nodes that this one gives.</summary>
    public async Task<IReadOnlyList<NodeInfo>> NodesAsync() =>
        (await _http.GetFromJsonAsync("/api/nodes", ApiJson.Default.IReadOnlyListNodeInfo))!;

    /// <summary>Waits until its list of nodes has just these.</summary>
    /// <returns>How long that took.</returns>
    public async Task<TimeSpan> ListsAsync(int seconds, params string[] names)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var listed = await TryNodesAsync();
            if (listed.SequenceEqual(names))
            {
                return watch.Elapsed;
            }

            Assert.True(watch.Elapsed.TotalSeconds < seconds, $"After {seconds} s the list still has {string.Join(", ", listed)}.");
            await Task.Delay(50);
        }
    }

    // A node that waits for a frozen one may answer late, or not at all.
    private async Task<List<string>> TryNodesAsync()
    {
        try
        {
            return [.. (await NodesAsync()).Select(node => node.Name).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return [$"no answer ({e.Message})"];
        }
    }

    /// <summary>Ends it as the machine's end would.</summary>
    public Task KillAsync() => Process.KillAsync();

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _http.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
