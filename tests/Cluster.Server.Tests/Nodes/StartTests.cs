using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Nodes;

public sealed partial class StartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;

    [Fact]
    public async Task A_node_that_is_asked_to_leave_has_its_clients_leave_their_connections_first()
    {
        var port = Programs.FreePort();
        await using var node = Programs.StartNode(_folder, port, "--Cluster:DrainSeconds=60");
        await node.LineWithAsync("is running");
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var before = await http.GetAsync("/readyz");

        await node.SignalAsync("TERM");
        await node.LineWithAsync("still serving");
        using var draining = await http.GetAsync("/readyz");
        using var served = await http.GetAsync("/healthz");
        await node.SignalAsync("TERM");

        Assert.Equal(0, await node.ExitAsync());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (before.StatusCode, draining.StatusCode, served.StatusCode));
        Assert.NotEqual(true, before.Headers.ConnectionClose);
        Assert.True(draining.Headers.ConnectionClose);
        Assert.True(served.Headers.ConnectionClose);
    }

    [Fact]
    public async Task A_first_start_leaves_its_secrets_to_its_owner_only_and_says_what_comes_next()
    {
        await using var node = Programs.StartNode(_folder, Programs.FreePort());
        var first = await node.LineWithAsync("is running");
        var token = await node.LineWithAsync("token");
        var page = await node.LineWithAsync("cluster page");
        var connect = await node.LineWithAsync("cluster connect --print-config");
        await node.SignalAsync("TERM");

        Assert.Equal(0, await node.ExitAsync());
        Assert.Contains("http://127.0.0.1:", first);
        Assert.Contains(Path.Combine(_folder, "data", "admin-token"), token);
        Assert.NotNull(page);
        Assert.NotNull(connect);
        foreach (var secret in new[] { "data/admin-token", "data/key" })
        {
            Assert.True(OperatingSystem.IsWindows()
                || File.GetUnixFileMode(Path.Combine(_folder, secret)) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
    }

    [Fact]
    public async Task The_demo_shows_the_main_job_within_fifteen_seconds_and_its_link_opens_once()
    {
        var clock = Stopwatch.StartNew();
        await using var demo = ChildProcess.Start(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "Cluster.Server.dll"), "--demo", "--urls", $"http://127.0.0.1:{Programs.FreePort()}", $"--Cluster:Home={_folder}"]);
        await demo.LineWithAsync("stand-in for Claude Code is attached");
        await demo.LineWithAsync("signed check_run");
        await demo.LineWithAsync("202 Accepted");
        await demo.LineWithAsync("Replies: (scripted)");
        await demo.LineWithAsync("Asks permission to use Bash");
        var link = Link().Match(await demo.LineWithAsync("/login#")).Value;
        clock.Stop();

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"it took {clock.Elapsed}");
        Assert.NotEmpty(link);
    }

    [Fact]
    public async Task A_data_folder_in_use_is_refused_and_its_node_goes_on()
    {
        var port = Programs.FreePort();
        await using var first = Programs.StartNode(_folder, port);
        await first.LineWithAsync("is running");

        await using var second = Programs.StartNode(_folder, Programs.FreePort());
        var code = await second.ExitAsync();
        using var http = new HttpClient();
        var health = await http.GetFromJsonAsync($"http://127.0.0.1:{port}/readyz", ApiJson.Default.NodeHealth);

        Assert.Equal(1, code);
        Assert.Contains("is in use by another node", second.Errors);
        Assert.DoesNotContain("   at ", second.Errors);
        Assert.Equal("ready", health!.Status);
    }

    [Theory]
    [InlineData("corrupt", "is damaged")]
    [InlineData("not a folder", "cannot be written")]
    [InlineData("bad key", "must hold 32 bytes in base64")]
    [InlineData("bad setting", "MailboxWaiting")]
    [InlineData("bad admin", "Cluster:Admin is 'No Body'")]
    public async Task What_cannot_be_used_stops_the_start_with_one_clear_message(string trouble, string message)
    {
        var data = Path.Combine(_folder, "data");
        string[] more = [];
        switch (trouble)
        {
            case "corrupt":
                Directory.CreateDirectory(data);
                await File.WriteAllTextAsync(Path.Combine(data, "cluster.db"), string.Concat(Enumerable.Repeat("this is no database ", 1000)));
                break;
            case "not a folder":
                await File.WriteAllTextAsync(data, "a file");
                break;
            case "bad key":
                Directory.CreateDirectory(data);
                await File.WriteAllTextAsync(Path.Combine(data, "key"), "short");
                break;
            case "bad setting":
                more = ["--Cluster:Limits:MailboxWaiting=0"];
                break;
            case "bad admin":
                more = ["--Cluster:Admin=No Body"];
                break;
        }

        await using var node = Programs.StartNode(_folder, Programs.FreePort(), more);
        var code = await node.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains(message, node.Errors);
        Assert.DoesNotContain("   at ", node.Errors);
    }

    [Fact]
    public async Task An_address_in_use_is_told_with_what_to_do()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        await using var node = Programs.StartNode(_folder, ((System.Net.IPEndPoint)taken.LocalEndpoint).Port);

        var code = await node.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains("choose another address with --urls", node.Errors);
        Assert.DoesNotContain("   at ", node.Errors);
    }

    [Fact]
    public async Task A_graceful_stop_ends_streams_and_loses_nothing()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var waiting = await node.TellAsync("api", "before the stop");
        await client.NextAsync();
        await client.CloseStreamAsync();
        await node.UntilDetachedAsync("api");
        waiting = await node.TellAsync("api", "while nobody listens");

        await node.StopAsync();
        await node.StartAgainAsync();
        await client.OpenStreamAsync();
        var pushed = await client.NextAsync();

        Assert.Equal(waiting, pushed["params"]!["meta"]!["event_id"]!.GetValue<string>());
        Assert.Null(pushed["params"]!["meta"]!["redelivery"]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [GeneratedRegex("http://[^ ]+")]
    private static partial Regex Link();
}
