using Cluster.Testing;

namespace Cluster.Server.Tests.Hostile;

/// <summary>Who may say how a call looked before it came here. The caller of these tests is 127.0.0.1.</summary>
public sealed class ForwardedHeaderTests
{
    private const string Allowed = "--Cluster:AllowedHosts:0=cluster.example.com";

    [Theory]
    [InlineData("--Cluster:TrustedProxies:0=10.9.8.7")]
    [InlineData("--Cluster:TrustedProxies:0=10.0.0.0/8")]
    [InlineData("--Cluster:TrustedProxies:0=::1")]
    [InlineData("--ForwardedHeaders_Enabled=true")]
    public async Task What_an_untrusted_peer_forges_changes_nothing(string setting)
    {
        await using var node = await NodeHost.StartAsync([Allowed, setting]);

        var plain = await GetAsync(node, "Host: 127.0.0.1");
        var forgedHost = await GetAsync(node, "Host: 127.0.0.1\nX-Forwarded-Host: evil.example.com\nX-Forwarded-Proto: https\nX-Forwarded-For: 127.0.0.1");
        var smuggled = await GetAsync(node, "Host: evil.example.com\nX-Forwarded-Host: cluster.example.com\nX-Forwarded-For: 127.0.0.1");
        var posed = await GetAsync(node, "Host: evil.example.com\nX-Forwarded-For: 10.9.8.7, 127.0.0.1\nX-Forwarded-Host: cluster.example.com, cluster.example.com");

        Assert.StartsWith("HTTP/1.1 200", plain);
        Assert.DoesNotContain("; secure", plain);
        Assert.StartsWith("HTTP/1.1 200", forgedHost);
        Assert.DoesNotContain("; secure", forgedHost);
        Assert.StartsWith("HTTP/1.1 403", smuggled);
        Assert.StartsWith("HTTP/1.1 403", posed);
    }

    [Theory]
    [InlineData("--Cluster:TrustedProxies:0=127.0.0.1")]
    [InlineData("--Cluster:TrustedProxies:0=127.0.0.0/8")]
    [InlineData("--Cluster:TrustedProxies:0=::ffff:127.0.0.1")]
    public async Task A_trusted_proxy_is_believed(string setting)
    {
        await using var node = await NodeHost.StartAsync([Allowed, setting]);

        var forwarded = await GetAsync(node, "Host: pod-7.internal\nX-Forwarded-For: 192.0.2.1\nX-Forwarded-Host: cluster.example.com\nX-Forwarded-Proto: https");
        var withoutHost = await GetAsync(node, "Host: cluster.example.com\nX-Forwarded-For: 192.0.2.1\nX-Forwarded-Proto: https");
        var foreign = await GetAsync(node, "Host: cluster.example.com\nX-Forwarded-For: 192.0.2.1\nX-Forwarded-Host: evil.example.com\nX-Forwarded-Proto: https");

        Assert.StartsWith("HTTP/1.1 200", forwarded);
        Assert.Contains("; secure", forwarded);
        Assert.StartsWith("HTTP/1.1 200", withoutHost);
        Assert.Contains("; secure", withoutHost);
        Assert.StartsWith("HTTP/1.1 403", foreign);
    }

    [Fact]
    public async Task A_chain_is_believed_as_far_back_as_it_is_trusted()
    {
        await using var node = await NodeHost.StartAsync([Allowed, "--Cluster:TrustedProxies:0=127.0.0.1", "--Cluster:TrustedProxies:1=10.0.0.0/8"]);

        var trusted = await GetAsync(node, "Host: a.internal\nX-Forwarded-For: 192.0.2.1, 10.1.1.1\nX-Forwarded-Host: cluster.example.com, b.internal");
        var forged = await GetAsync(node, "Host: a.internal\nX-Forwarded-For: 10.1.1.1, 192.0.2.1\nX-Forwarded-Host: cluster.example.com, b.internal");

        Assert.StartsWith("HTTP/1.1 200", trusted);
        Assert.StartsWith("HTTP/1.1 403", forged);
    }

    private static async Task<string> GetAsync(NodeHost node, string headers)
    {
        using var raw = await RawHttp.OpenAsync(node.Url, $"GET /login HTTP/1.1\n{headers}\nConnection: close\n\n");
        return (await raw.ReadAllAsync()).Text;
    }
}
