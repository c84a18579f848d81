using System.Text.RegularExpressions;
using Cluster.Testing;

namespace Cluster.Server.Tests.Nodes;

public sealed partial class DemoTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;

    [Fact]
    public async Task Two_demos_at_once_touch_nothing_of_a_real_node()
    {
        var port = Programs.FreePort();
        await using var real = Programs.StartNode(_folder, port);
        await real.LineWithAsync("is running");
        var local = Path.Combine(_folder, "home", "local.json");
        var before = (await File.ReadAllTextAsync(local), File.GetLastWriteTimeUtc(local));

        await using var one = StartDemo(port);
        await using var two = StartDemo(port);
        var links = new[] { await LinkAsync(one), await LinkAsync(two) };
        var home = (await one.LineWithAsync("CLUSTER_HOME=")).Split('=')[1];
        await using var cluster = Programs.StartCluster(home, "nodes", "--json");
        await cluster.LineWithAsync("\"name\"");
        using var http = new HttpClient();
        using var page = await http.GetAsync(new Uri(links[0], "/login"));
        var during = (await File.ReadAllTextAsync(local), File.GetLastWriteTimeUtc(local));
        foreach (var demo in new[] { one, two })
        {
            await demo.SignalAsync("TERM");
            Assert.Equal(0, await demo.ExitAsync());
        }

        Assert.Equal(before, during);
        Assert.Equal(before, (await File.ReadAllTextAsync(local), File.GetLastWriteTimeUtc(local)));
        Assert.Equal(3, links.Select(link => link.Port).Append(port).Distinct().Count());
        Assert.All(links, link => Assert.Equal("127.0.0.1", link.Host));
        Assert.All(page.Headers.GetValues("Set-Cookie"), cookie => Assert.StartsWith($"demo{one.Id}_", cookie)); // browsers know no ports
        Assert.False(Directory.Exists(home));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<Uri> LinkAsync(ChildProcess demo) => new(Link().Match(await demo.LineWithAsync("/login#", 60)).Value);

    // With everything that somebody may have set for the real one.
    private ChildProcess StartDemo(int port) =>
        ChildProcess.Start(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "Cluster.Server.dll"), "--demo", $"--Cluster:Home={Path.Combine(_folder, "home")}"],
            new Dictionary<string, string?>
            {
                ["Cluster__Home"] = Path.Combine(_folder, "home"),
                ["Cluster__Data"] = Path.Combine(_folder, "data"),
                ["Cluster__Engine"] = "Host=127.0.0.1;Port=1",
                ["Cluster__AdminToken"] = "the-real-admins-token-of-32-characters",
                ["Cluster__PublicUrl"] = "https://cluster.example.com",
                ["Cluster__ForgetSecrets"] = "true",
                ["CLUSTER_KEY"] = "the real key",
                ["CLUSTER_HOME"] = Path.Combine(_folder, "home"),
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
                ["Kestrel__Endpoints__Real__Url"] = $"http://127.0.0.1:{port}",
            });

    [GeneratedRegex("http://[^ ]+")]
    private static partial Regex Link();
}
