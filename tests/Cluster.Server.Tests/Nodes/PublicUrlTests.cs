using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Nodes;

public sealed class PublicUrlTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private const string Public = "https://cluster.example.com";

    [Theory]
    [InlineData("Cluster:PublicUrl", "cluster.example.com", "such as https://cluster.example.com")]
    [InlineData("Cluster:PublicUrl", "ftp://cluster.example.com", "expected http:// or https://")]
    [InlineData("Cluster:PublicUrl", "https:cluster.example.com:x", "expected http:// or https://")]
    [InlineData("Cluster:PublicUrl", "https://cluster.example.com:99999", "a host and perhaps a port")]
    [InlineData("Cluster:PublicUrl", "https://cluster.example.com?a=b", "and nothing more")]
    [InlineData("Cluster:PublicUrl", "https://cluster.example.com/#top", "and nothing more")]
    [InlineData("Cluster:PublicUrl", "https://cluster.example.com/team", "A path is not supported")]
    [InlineData("Cluster:PublicUrl", "http://0.0.0.0:5230", "which nobody can call")]
    [InlineData("Cluster:TrustedProxies:0", "proxy.example.com", "expected an IP address such as 10.0.0.7")]
    [InlineData("Cluster:TrustedProxies:0", "10.1.2.3/8", "with zeros behind its prefix")]
    [InlineData("Cluster:TrustedProxies:0", "10.0.0.0/33", "expected an IP address")]
    [InlineData("Cluster:TrustedProxies:0", "10.1", "expected an IP address")]
    [InlineData("Cluster:TrustedProxies:0", "010.0.0.1", "expected an IP address")]
    [InlineData("Cluster:TrustedProxies:0", "", "expected an IP address")]
    [InlineData("Cluster:TrustedProxies", "10.0.0.0/8", "expected a list: Cluster:TrustedProxies:0")]
    [InlineData("Cluster:AllowedHosts", "cluster.example.com", "in the environment Cluster__AllowedHosts__0")]
    public async Task A_wrong_setting_stops_the_start_with_its_name_what_was_expected_and_what_came(string setting, string value, string expected)
    {
        var data = Path.Combine(Path.GetTempPath(), $"cluster-test-{Guid.NewGuid():N}");

        var refusal = await RefusalAsync($"--Cluster:Data={data}", $"--{setting}={value}");

        Assert.Contains($"{setting} is ", refusal);
        Assert.Contains($"'{value}'", refusal);
        Assert.Contains(expected, refusal);
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task A_password_in_the_address_is_refused_and_not_repeated()
    {
        var refusal = await RefusalAsync("--Cluster:PublicUrl=https://me:hunter2@cluster.example.com");

        Assert.Contains("Cluster:PublicUrl has an '@'", refusal);
        Assert.DoesNotContain("hunter2", refusal);
    }

    [Fact]
    public async Task All_wrong_settings_are_told_at_once()
    {
        var refusal = await RefusalAsync(
            "--Cluster:PublicUrl=x", "--Cluster:TrustedProxies:0=10.0.0.1", "--Cluster:TrustedProxies:1=y", "--Cluster:Admin=No Body", "--Cluster:Limits:WriteSeconds=0");

        Assert.All(
            (string[])["Cluster:PublicUrl is 'x'", "Cluster:TrustedProxies:1 is 'y'", "Cluster:Admin is 'No Body'", "WriteSeconds"],
            fault => Assert.Contains(fault, refusal));
        Assert.DoesNotContain("TrustedProxies:0", refusal);
    }

    [Fact]
    public async Task Everything_that_is_printed_for_others_begins_with_the_public_address()
    {
        await using var node = await NodeHost.StartAsync([$"--Cluster:PublicUrl={Public}/"]);
        using var api = node.Api();
        await node.CreateSessionAsync("api");

        var me = await api.GetFromJsonAsync("/api/me", ApiJson.Default.Me);
        var invited = await api.PostAsJsonAsync("/api/principals", new AddPrincipal { Name = "bob" }, ApiJson.Default.AddPrincipal);
        var invitation = await invited.Content.ReadFromJsonAsync(ApiJson.Default.Invitation);
        var made = await api.PostAsync("/api/page-codes", null);
        var link = await made.Content.ReadFromJsonAsync(ApiJson.Default.PageLink);
        var added = await api.PostAsJsonAsync("/api/sources", new AddSource { Kind = "github", Name = "ci", Session = "api" }, ApiJson.Default.AddSource);
        var source = await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource);

        Assert.Equal(Public, me!.Url);
        Assert.StartsWith($"{Public}/invite#", invitation!.Url);
        Assert.StartsWith($"{Public}/login#", link!.Url);
        Assert.StartsWith($"{Public}/hooks/", source!.Url);
    }

    [Fact]
    public async Task On_the_nodes_own_machine_cluster_calls_the_local_address_and_prints_the_public_one()
    {
        await using var node = await NodeHost.StartAsync([$"--Cluster:PublicUrl={Public}"]);
        var home = Path.Combine(node.Folder, "home");

        await using var page = Programs.StartCluster(home, "page");
        var link = await page.LineAsync();
        await using var config = Programs.StartCluster(home, "connect", "--print-config", "--http");
        var entry = await config.LineWithAsync("\"url\"");
        var announced = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(home, "local.json")));

        Assert.StartsWith("http://127.0.0.1:", node.Url);
        Assert.Equal(node.Url, announced!["url"]!.GetValue<string>());
        Assert.StartsWith($"{Public}/login#", link); // it came, so the node was reached at its local address
        Assert.Contains($"\"{Public}/mcp\"", entry);
    }

    [Theory]
    [InlineData("cluster.example.com", null, 200)]
    [InlineData("CLUSTER.example.com:443", null, 200)]
    [InlineData("cluster.example.com.evil.example", null, 403)]
    [InlineData("cluster.example.com", "https://cluster.example.com", 200)]
    [InlineData("127.0.0.1:5230", "https://cluster.example.com", 200)] // a proxy that does not pass the host on
    [InlineData("cluster.example.com", "http://cluster.example.com", 403)]
    [InlineData("cluster.example.com", "https://cluster.example.com:8443", 403)]
    [InlineData("cluster.example.com", "https://evil.example", 403)]
    [InlineData("cluster.example.com", "null", 403)]
    [InlineData("127.0.0.1:5230", "http://127.0.0.1:5230", 200)]
    public async Task The_public_host_is_answered_and_only_its_own_pages_may_call(string host, string? origin, int expected)
    {
        var node = await shared.StartedAsync($"--Cluster:PublicUrl={Public}");
        using var api = node.Api();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me");
        request.Headers.Host = host;
        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
        }

        using var answer = await api.SendAsync(request);

        Assert.Equal(expected, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/readyz", HttpStatusCode.OK)]
    [InlineData("/api/me", HttpStatusCode.Forbidden)]
    [InlineData("/login", HttpStatusCode.Forbidden)]
    [InlineData("/healthz/..%2fapi/me", HttpStatusCode.Forbidden)]
    public async Task Probes_may_call_by_any_host_name_and_nobody_else(string path, HttpStatusCode expected)
    {
        var node = await shared.StartedAsync();
        using var api = node.Api();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Host = "10.42.0.17:5230";

        using var answer = await api.SendAsync(request);

        Assert.Equal(expected, answer.StatusCode);
    }
    private static async Task<string> RefusalAsync(params string[] settings) =>
        (await Assert.ThrowsAsync<NodeFailedException>(() => NodeHost.StartAsync(settings))).Message;
}
