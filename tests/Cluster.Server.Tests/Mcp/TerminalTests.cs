using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Mcp;

/// <summary>Several terminals of one project.</summary>
public sealed class TerminalTests
{
    [Fact]
    public async Task Two_connectors_in_one_folder_serve_two_sessions_until_a_third_claims_the_name()
    {
        await using var node = await NodeHost.StartAsync();
        var home = Path.Combine(node.Folder, "home");
        var project = Path.Combine(node.Folder, "api");
        await using var first = TypeScriptClient.OverConnector(home, project);
        await node.UntilAttachedAsync("api");
        await using var second = TypeScriptClient.OverConnector(home, project);
        await node.UntilAttachedAsync("api.2");

        await node.TellAsync("api", "to the first");
        await node.TellAsync("api.2", "to the second");
        var toFirst = await first.NextAsync("notification");
        var toSecond = await second.NextAsync("notification");
        await using var third = TypeScriptClient.OverConnector(home, project, "--session", "api");
        await SaidAsync(third, "this terminal is session admin/api, as --session says");
        await SaidAsync(third, "for session admin/api");
        await node.TellAsync("api", "to the third");
        await node.TellAsync("api.2", "to the second again");
        var toThird = await third.NextAsync("notification");
        var toSecondAgain = await second.NextAsync("notification");

        Assert.Equal(
            ["to the first", "to the second", "to the third", "to the second again"],
            new[] { toFirst, toSecond, toThird, toSecondAgain }.Select(push => push["params"]!["content"]!.GetValue<string>()));
        await SaidAsync(first, "this terminal is session admin/api, named after its folder");
        await SaidAsync(second, "this terminal is session admin/api.2, because another terminal of this project is api");
    }

    [Fact]
    public async Task A_process_that_initializes_again_has_the_session_that_it_had()
    {
        await using var node = await NodeHost.StartAsync();
        await using var first = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api", "instance-1");
        await using var second = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api", "instance-2");
        await first.DeleteAsync();

        await using var again = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api", "instance-2");
        await node.TellAsync("api.2", "still here");
        var pushed = await again.NextAsync();

        Assert.Equal(["admin/api", "admin/api.2", "admin/api.2"], new[] { first, second, again }.Select(client => client.Serves));
        Assert.Equal("still here", pushed["params"]!["content"]!.GetValue<string>());
        Assert.False(second.TryNext(out _));
    }

    [Fact]
    public async Task A_client_without_an_instance_supersedes_as_ever_and_is_told_its_session()
    {
        await using var node = await NodeHost.StartAsync();
        await using var connector = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api", "instance-1");
        await using var plain = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");

        await node.TellAsync("api", "to the newer one");
        await plain.NextAsync();

        Assert.Equal("admin/api", plain.Serves);
        Assert.False(connector.TryNext(out _));
    }

    [Fact]
    public async Task A_further_terminal_shares_the_allowlist_and_its_revocations()
    {
        await using var node = await NodeHost.StartAsync();
        var bob = await node.InviteAsync("bob");
        await using var first = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api", "instance-1");
        await using var second = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api", "instance-2");
        await node.AllowAsync("console:bob", "api", "talk");
        await node.TellAsync("admin/api.2", "hello from bob", bob);
        var pushed = await second.NextAsync();
        await second.CloseStreamAsync();
        var waiting = await node.TellAsync("admin/api.2", "waits", bob);

        await node.RevokeAsync("console:bob", "api");
        using var api = node.Api(bob);
        using var refused = await api.PostAsJsonAsync("/api/sessions/admin/api.2/messages", new SendMessage { Text = "too late" }, ApiJson.Default.SendMessage);
        var reply = await second.CallAsync("reply", new() { ["chat_id"] = "console:bob", ["text"] = "for bob" });
        await second.OpenStreamAsync();
        await node.UntilAsync("api.2", waiting, "dead");

        Assert.Equal("hello from bob", pushed["params"]!["content"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.Equal("error: Nothing was sent: console:bob may no longer talk to this session.", reply);
        Assert.False(first.TryNext(out _));
        Assert.False(second.TryNext(out _));
    }

    [Fact]
    public async Task The_list_of_a_further_terminal_is_shown_and_changed_at_the_first()
    {
        await using var node = await NodeHost.StartAsync();
        await node.InviteAsync("bob");
        await using var first = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api", "instance-1");
        await using var second = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api", "instance-2");
        await node.AllowAsync("console:bob", "api", "watch");
        using var api = node.Api();

        using var allowed = await api.PutAsync("/api/sessions/me/api.2/access/console:bob/talk", null);
        using var revoked = await api.DeleteAsync("/api/sessions/me/api.2/access/console:bob/all");
        var shown = await api.GetFromJsonAsync("/api/sessions/me/api.2/access", ApiJson.Default.AccessInfo);

        const string Sentence = "admin/api.2 is a further terminal of admin/api and shares its allowlist; nothing was changed. Change that of admin/api.";
        foreach (var answer in new[] { allowed, revoked })
        {
            Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
            Assert.Equal(Sentence, (await answer.Content.ReadFromJsonAsync(ApiJson.Default.Problem))!.Detail);
        }

        Assert.Equal(("admin/api", "console:bob watch"), (shown!.Shares, Assert.Single(shown.Entries.Select(entry => $"{entry.Identity} {entry.Role}"))));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("not plain, but long")]
    public async Task An_instance_id_of_another_form_is_refused_with_what_was_expected(string instance)
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = new HttpMcpClient(node.Url, node.AdminToken, "api") { Instance = instance };

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => client.InitializeAsync());

        Assert.Contains("initialize: 400", refused.Message);
        Assert.Contains("Header Cluster-Instance must be 8 to 64 characters", refused.Message);
    }

    [Fact]
    public async Task One_terminal_too_many_is_told_what_to_do()
    {
        await using var node = await NodeHost.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            await using var client = new HttpMcpClient(node.Url, node.AdminToken, "api") { Instance = $"instance-{i}" };
            await client.InitializeAsync();
        }

        await using var last = new HttpMcpClient(node.Url, node.AdminToken, "api") { Instance = "one-too-many" };
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => last.InitializeAsync());

        Assert.Contains("initialize: 409", refused.Message);
        Assert.Contains("20 terminals run as admin/api and its further names already. End one of them", refused.Message);
    }

    private static async Task SaidAsync(TypeScriptClient client, string text)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!client.Process.Errors.Contains(text, StringComparison.Ordinal))
        {
            Assert.False(patience.IsCancellationRequested, $"It did not say '{text}' but: {client.Process.Errors}");
            await Task.Yield();
        }
    }
}
