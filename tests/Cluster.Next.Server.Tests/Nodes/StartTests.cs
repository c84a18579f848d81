using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Next.Server.Tests.Nodes;

public sealed class StartTests(ITestOutputHelper output)
{
    private static readonly string[] Tables = ["tcp", "tcp6"];

    [Fact]
    public async Task A_single_node_serves_and_opens_no_port_but_its_own()
    {
        await using var node = await NodeProcess.StartAsync("--Cluster:NodeName=only");
        output.WriteLine($"start to ready: {node.Started.TotalSeconds:0.00} s");

        var health = await node.Http.GetFromJsonAsync("/readyz", ApiJson.Default.NodeHealth);
        var live = await node.Http.GetStringAsync("/healthz");
        var nodes = await node.NodesAsync();

        Assert.Equal(("ready", $"SQLite in {node.Folder}/data/log.db", "ok"), (health!.Status, health.Engine, live));
        Assert.Equal(("only", true), (Assert.Single(nodes).Name, nodes[0].Here));
        Assert.Matches(@"^\d+\.\d+\.\d+$", nodes[0].Version);
        Assert.Equal([node.Http.BaseAddress!.Port], ListeningPorts(node.Process.Id));
    }

    [Fact]
    public async Task A_first_start_says_what_comes_next_and_leaves_its_files_to_their_owner()
    {
        var folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;
        await using var node = ChildProcess.Start(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Cluster.Next.Server.dll"), "--urls", $"http://127.0.0.1:{Programs.FreePort()}",
                $"--Cluster:Data={folder}/data", $"--Cluster:Home={folder}/home",
            ]);
        var first = await node.LineWithAsync("is running", 60);
        var token = await node.LineWithAsync("token");
        await node.LineWithAsync("cluster page");
        await node.LineWithAsync("cluster connect --print-config");
        var local = JsonSerializer.Deserialize(await File.ReadAllTextAsync($"{folder}/home/local.json"), ApiJson.Default.LocalNode)!;
        await node.SignalAsync("TERM");

        Assert.Equal(0, await node.ExitAsync());
        Assert.Contains(local.Url, first);
        Assert.Contains($"{folder}/data/admin-token", token);
        Assert.Equal(($"{folder}/data/admin-token", node.Id), (local.TokenFile, local.ProcessId));
        Assert.False(File.Exists($"{folder}/home/local.json"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, ModeOf($"{folder}/data"));
        Assert.All(Directory.GetFiles($"{folder}/data"), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(file)));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_data_folder_in_use_is_refused_and_its_node_goes_on()
    {
        await using var first = await NodeProcess.StartAsync();
        await using var second = NodeProcess.Launch($"--Cluster:Data={first.Folder}/data");

        Assert.Equal(1, await second.Process.ExitAsync(60));
        Assert.Contains("is in use by another node", second.Process.Errors);
        Assert.DoesNotContain("   at ", second.Process.Errors);
        Assert.Equal("ok", await first.Http.GetStringAsync("/healthz"));
    }

    [Theory]
    [InlineData("--Cluster:Key=short", "must hold 32 bytes in base64")]
    [InlineData("--Cluster:Store=Host=127.0.0.1", "CLUSTER_KEY is missing")]
    [InlineData("--Cluster:Silo:Address=0.0.0.0", "Cluster:Silo:Address is '0.0.0.0'")]
    [InlineData("--Cluster:Admin=No Body", "Cluster:Admin is 'No Body'")]
    public async Task What_cannot_be_used_stops_the_start_with_one_clear_message(string setting, string message)
    {
        await using var node = NodeProcess.Launch(setting);

        Assert.Equal(1, await node.Process.ExitAsync(60));
        Assert.Contains(message, node.Process.Errors);
        Assert.DoesNotContain("   at ", node.Process.Errors);
    }

    [Fact]
    public async Task Only_the_admin_sees_the_nodes_and_only_under_the_nodes_own_name()
    {
        await using var node = await NodeProcess.StartAsync();
        using var stranger = new HttpClient { BaseAddress = node.Http.BaseAddress };
        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, "/api/nodes");
        elsewhere.Headers.Host = "evil.example";

        using var unknown = await stranger.GetAsync("/api/nodes");
        using var rebound = await node.Http.SendAsync(elsewhere);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden), (unknown.StatusCode, rebound.StatusCode));
    }

    [Fact]
    public async Task A_node_that_is_asked_to_leave_has_its_clients_leave_their_connections_first()
    {
        await using var node = await NodeProcess.StartAsync("--Cluster:DrainSeconds=60");
        using var before = await node.Http.GetAsync("/readyz");

        await node.Process.SignalAsync("TERM");
        await node.Process.LineWithAsync("still serving");
        using var draining = await node.Http.GetAsync("/readyz");
        using var served = await node.Http.GetAsync("/healthz");
        await node.Process.SignalAsync("TERM");

        Assert.Equal(0, await node.Process.ExitAsync());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (before.StatusCode, draining.StatusCode, served.StatusCode));
        Assert.True(draining.Headers.ConnectionClose);
        Assert.True(served.Headers.ConnectionClose);
    }

    private static UnixFileMode ModeOf(string path) =>
        OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException("Windows has no modes.") : File.GetUnixFileMode(path);

    // The ports of the sockets that this process holds and listens on, as the kernel has them.
    private static List<int> ListeningPorts(int process)
    {
        const string Listening = "0A";
        var held = Directory.GetFiles($"/proc/{process}/fd").Select(file => new FileInfo(file).LinkTarget).ToHashSet();
        return
        [
            .. Tables.SelectMany(table => File.ReadLines($"/proc/{process}/net/{table}").Skip(1))
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(row => row[3] == Listening && held.Contains($"socket:[{row[9]}]"))
                .Select(row => int.Parse(row[1].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
        ];
    }
}
