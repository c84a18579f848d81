using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Cluster.Core.Api;
using Cluster.Server.Tests.Pages;
using Cluster.Testing;
using Microsoft.Extensions.Logging;

namespace Cluster.Server.Tests.Nodes;

/// <summary>What happens when the key that encrypts the secrets is another one than before.</summary>
public sealed class KeyTests(Chromium chromium)
{
    private const string Forget = "--Cluster:ForgetSecrets=true";

    private static readonly string Other = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    [Fact]
    public async Task A_node_whose_key_is_lost_refuses_to_start_and_serves_again_with_the_right_one()
    {
        await using var host = await NodeHost.StartAsync();
        await host.CreateSessionAsync("api");
        var github = await host.AddSourceAsync("api");
        await host.StopAsync();
        var key = Path.Combine(host.Folder, "data", "key");
        var right = await File.ReadAllTextAsync(key);
        File.Delete(key);

        await using var keyless = Programs.StartNode(host.Folder, Programs.FreePort());
        var keylessCode = await keyless.ExitAsync();
        await using var wrong = Programs.StartNode(host.Folder, Programs.FreePort(), $"--CLUSTER_KEY={Other}");
        var wrongCode = await wrong.ExitAsync();
        var left = File.Exists(key);
        await File.WriteAllTextAsync(key, right);
        await host.StartAgainAsync();
        using var sent = await github.SendAsync(GitHubSender.CheckRun);

        Assert.Equal((1, 1), (keylessCode, wrongCode));
        Assert.Contains($"The key is missing: CLUSTER_KEY is not set and there is no {key}", keyless.Errors);
        Assert.Contains("CLUSTER_KEY does not fit", wrong.Errors);
        Assert.All([keyless.Errors, wrong.Errors], said =>
        {
            Assert.Contains("of 1 webhook sources", said);
            Assert.Contains(Forget, said);
            Assert.DoesNotContain("   at ", said);
            Assert.DoesNotContain(Other, said);
        });
        Assert.False(left, "a refused start leaves no key where the right one belongs");
        Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
    }

    [Fact]
    public async Task When_the_secrets_are_forgotten_people_messages_and_logins_stay()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var bob = await node.InviteAsync("bob");
        await node.AllowAsync("console:bob", "api", "talk");
        var github = await node.AddSourceAsync("api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        visitor.Expect("ERR_");
        visitor.Expect("the server responded with"); // the page asks on while the node starts and stops
        await node.StopAsync();
        File.Delete(Path.Combine(node.Folder, "data", "key"));
        await Assert.ThrowsAsync<NodeFailedException>(() => node.StartAgainAsync());
        await node.StopAsync();

        await using var forgetting = Programs.StartNode(node.Folder, Programs.FreePort(), Forget);
        await forgetting.LineWithAsync("is running");
        await forgetting.SignalAsync("TERM");
        await forgetting.ExitAsync();
        await node.StartAgainAsync();
        using var lost = await github.SendAsync(GitHubSender.CheckRun);
        using var remade = await (await node.AddSourceAsync("api")).SendAsync(GitHubSender.CheckRun);
        var told = await node.TellAsync("admin/api", "still here", bob);
        await visitor.GoAsync("/s/admin/api");
        await visitor.Page.Locator("#composer textarea").FillAsync("with a new form key");
        await visitor.Page.Locator("#composer button").ClickAsync();
        await Microsoft.Playwright.Assertions.Expect(visitor.Page.Locator(".line .text").Last).ToHaveTextAsync("with a new form key");

        Assert.Equal(HttpStatusCode.NotFound, lost.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, remade.StatusCode);
        Assert.Equal("queued", (await node.EventAsync("api", told)).State);
    }

    [Fact]
    public async Task Forgetting_is_told_once_and_does_nothing_while_the_key_fits()
    {
        await using var node = await NodeHost.StartAsync([Forget]);
        await node.CreateSessionAsync("api");
        await node.AddSourceAsync("api");
        await node.StopAsync();
        await node.StartAgainAsync();
        using var api = node.Api();

        var sources = await api.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo);
        await node.StopAsync();
        File.Delete(Path.Combine(node.Folder, "data", "key"));
        await node.StartAgainAsync();
        await node.StopAsync();

        Assert.Equal("ci", Assert.Single(sources!).Name);
        var said = node.Log.Lines.Where(line => line.Level == LogLevel.Warning && line.Text.Contains("Cluster:ForgetSecrets")).Select(line => line.Text).ToList();
        Assert.Equal(3, said.Count);
        Assert.Contains("nothing was forgotten", said[0]);
        Assert.Contains("nothing was forgotten", said[1]);
        Assert.Contains("1 webhook sources (ci)", said[2]);
    }

    [Fact]
    public async Task In_a_cluster_a_node_with_another_key_is_refused_and_the_others_go_on()
    {
        await using var cluster = await ClusterHost.StartAsync(1);
        var folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;

        await using var stranger = Programs.StartNode(
            folder, Programs.FreePort(), $"--Cluster:Engine={cluster.ConnectionString}", $"--CLUSTER_KEY={Other}");
        var code = await stranger.ExitAsync();
        await cluster[0].CreateSessionAsync("api");
        using var sent = await (await cluster[0].AddSourceAsync("api")).SendAsync(GitHubSender.CheckRun);

        Assert.Equal(1, code);
        Assert.Contains("CLUSTER_KEY does not fit: PostgreSQL at", stranger.Errors);
        Assert.Contains("Restore the right key, in CLUSTER_KEY.", stranger.Errors);
        Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
        Directory.Delete(folder, recursive: true);
    }
}
