using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Core.Channel;
using Cluster.Testing;

namespace Cluster.Server.Tests.Mcp;

/// <summary>Several projects whose folders have one name, with <c>cluster connect</c> as Claude Code starts it.</summary>
public sealed class ProjectTests
{
    private const string Ask = "notifications/claude/channel/permission_request";

    [Fact]
    public async Task An_approver_of_one_project_may_not_approve_in_another_of_the_same_folder_name()
    {
        await using var node = await NodeHost.StartAsync();
        var bob = await node.InviteAsync("bob");
        await using var one = Connect(node, "one/api", "git@github.com:acme/api.git");
        await node.UntilAttachedAsync("api");
        await node.AllowAsync("console:bob", "api", "approve");
        await using var other = Connect(node, "other/api", "git@github.com:rival/api.git");
        var name = await ApartAsync(node, "api-");

        await other.NotifyAsync(Ask, Request("abcde"));
        await one.NotifyAsync(Ask, Request("fghij"));
        var theirs = await OpenAsync(node, name);
        var mine = await OpenAsync(node, "api");
        using var refused = await node.DecideAsync(theirs, "allow", bob);
        using var taken = await node.DecideAsync(mine, "allow", bob);

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.OK), (refused.StatusCode, taken.StatusCode));
        using var api = node.Api(bob);
        var sessions = await api.GetFromJsonAsync("/api/sessions", ApiJson.Default.IReadOnlyListSessionInfo);
        Assert.Equal(["admin/api"], sessions!.Select(session => session.Id));
    }

    [Fact]
    public async Task A_message_that_waits_for_one_project_is_not_read_by_another_of_the_same_folder_name()
    {
        await using var node = await NodeHost.StartAsync();
        await using (Connect(node, "one/api", "git@github.com:acme/api.git"))
        {
            await node.UntilAttachedAsync("api");
        }

        var waiting = await node.TellAsync("api", "for the first project");
        await using var other = Connect(node, "other/api", "git@github.com:rival/api.git");
        var name = await ApartAsync(node, "api-");
        await node.TellAsync(name, "for the other project");
        var read = await other.NextAsync("notification");

        // A clone of the first, by another spelling of its remote and with a token in it; it claims the name, which its killed sibling may still hold.
        await using var clone = Connect(node, "clone/api", "https://alice:secret@github.com/Acme/api", "--session", "api");
        var readByClone = await clone.NextAsync("notification");

        Assert.Equal("for the other project", read["params"]!["content"]!.GetValue<string>());
        Assert.Equal("for the first project", readByClone["params"]!["content"]!.GetValue<string>());
        Assert.DoesNotContain("another project", await ToldAsync(clone));
        await node.UntilAsync("api", waiting, "received");
    }

    [Fact]
    public async Task Folders_in_another_writing_have_sessions_of_their_own_with_readable_names_that_stay()
    {
        await using var node = await NodeHost.StartAsync();
        await using var news = Connect(node, "新聞", null);
        var first = await ApartAsync(node, "project-");
        await using var client = Connect(node, "клиент", null);
        var second = await ApartAsync(node, "project-", first);

        // Another start in that folder is a further terminal of the same name.
        await using var again = Connect(node, "клиент", null);
        await node.UntilAttachedAsync($"{second}.2");
        await node.TellAsync($"{second}.2", "still the same");
        var read = await again.NextAsync("notification");

        Assert.Matches("^project-[0-9a-f]{4}$", first);
        Assert.Matches("^project-[0-9a-f]{4}$", second);
        Assert.Equal("still the same", read["params"]!["content"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_name_given_on_purpose_is_had_and_Claude_is_told_that_it_is_another_projects()
    {
        await using var node = await NodeHost.StartAsync();
        await using var one = Connect(node, "one/api", "git@github.com:acme/api.git");
        await node.UntilAttachedAsync("api");

        await using var other = Connect(node, "other/api", "git@github.com:rival/api.git", "--session", "api");

        Assert.Contains(
            "You are session admin/api of Channel Cluster. This session belongs to another project and was named on purpose", await ToldAsync(other));
    }

    [Fact]
    public async Task Claude_is_told_which_session_it_is_and_by_list_sessions_again()
    {
        await using var node = await NodeHost.StartAsync();
        await using var one = Connect(node, "one/api", "git@github.com:acme/api.git");
        await node.UntilAttachedAsync("api");
        await using var other = Connect(node, "other/api", "git@github.com:rival/api.git");
        var name = await ApartAsync(node, "api-");

        Assert.EndsWith("You are session admin/api of Channel Cluster. Tell your user when asked.", await ToldAsync(one));
        Assert.Contains($"You are session admin/{name} of Channel Cluster. The name without the piece behind it belongs to another project", await ToldAsync(other));
        var listed = (await other.CallAsync("list_sessions", []))["content"]![0]!["text"]!.GetValue<string>();
        Assert.Contains($"admin/{name} (this session): running", listed);
        Assert.Contains("admin/api: running", listed);
    }

    [Fact]
    public async Task A_plain_client_is_taken_at_its_word_and_its_session_is_no_folders()
    {
        await using var node = await NodeHost.StartAsync();
        await using var pod = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var folder = Connect(node, "one/api", "git@github.com:acme/api.git");
        var name = await ApartAsync(node, "api-");

        await node.TellAsync("api", "for the pod");

        Assert.Equal("for the pod", (await pod.NextAsync())["params"]!["content"]!.GetValue<string>());
        Assert.Matches("^api-[0-9a-f]{4}$", name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("short")]
    public async Task A_key_of_another_form_is_refused_with_what_was_expected(string key)
    {
        await using var node = await NodeHost.StartAsync();
        foreach (var header in new[] { ChannelProtocol.ProjectHeader, ChannelProtocol.EarlierProjectHeader })
        {
            await using var client = new HttpMcpClient(node.Url, node.AdminToken, "api") { Instance = "instance-1", Place = new() { [header] = key } };

            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => client.InitializeAsync());

            Assert.Contains("initialize: 400", refused.Message);
            Assert.Contains("Cluster-Project-Earlier must be 64 characters of 0-9 and a-f", refused.Message);
        }
    }

    [Fact]
    public async Task To_ask_for_the_name_makes_no_session()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = new HttpMcpClient(node.Url, node.AdminToken, "api") { Instance = "instance-1" };
        using var asked = await client.PostAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = ChannelProtocol.NameMethod });
        await using var foreign = new HttpMcpClient(node.Url, node.AdminToken, "bob/api") { Instance = "instance-1" };
        using var refused = await foreign.PostAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = ChannelProtocol.NameMethod });
        using var api = node.Api();

        Assert.Equal("admin/api", asked.Headers.GetValues(ChannelProtocol.ClusterSessionHeader).Single());
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.Empty((await api.GetFromJsonAsync("/api/sessions", ApiJson.Default.IReadOnlyListSessionInfo))!);
    }

    private static TypeScriptClient Connect(NodeHost node, string folder, string? remote, params string[] arguments)
    {
        var project = Path.Combine(node.Folder, "work", folder);
        Directory.CreateDirectory(project);
        if (remote is not null)
        {
            Directory.CreateDirectory(Path.Combine(project, ".git"));
            File.WriteAllText(Path.Combine(project, ".git", "config"), $"[remote \"origin\"]\n\turl = {remote}\n");
        }

        return TypeScriptClient.OverConnector(Path.Combine(node.Folder, "home"), project, arguments);
    }

    /// <summary>Waits for a session whose name begins so, and that somebody serves.</summary>
    private static async Task<string> ApartAsync(NodeHost node, string prefix, string? notThis = null)
    {
        using var api = node.Api();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var sessions = await api.GetFromJsonAsync("/api/sessions", ApiJson.Default.IReadOnlyListSessionInfo, patience.Token);
            var names = sessions!.Where(session => session.Attached).Select(session => session.Id["admin/".Length..]);
            if (names.FirstOrDefault(name => name.StartsWith(prefix, StringComparison.Ordinal) && name != notThis) is { } found)
            {
                return found;
            }
        }
    }

    private static async Task<string> OpenAsync(NodeHost node, string session)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            patience.Token.ThrowIfCancellationRequested();
            if (await node.PermissionsAsync(session) is [var open, ..])
            {
                return open.Id;
            }
        }
    }

    /// <summary>What Claude has read of its name: in the instructions, or, where the machine was too busy for two seconds, behind its first tool answer.</summary>
    private static async Task<string> ToldAsync(TypeScriptClient client)
    {
        var instructions = (await client.NextAsync("connected"))["instructions"]!.GetValue<string>();
        return instructions != ChannelProtocol.Instructions
            ? instructions
            : (await client.CallAsync("list_sessions", []))["content"]!.AsArray()[^1]!["text"]!.GetValue<string>();
    }

    private static JsonObject Request(string id) =>
        new() { ["request_id"] = id, ["tool_name"] = "Bash", ["description"] = "Run it", ["input_preview"] = "{\"command\":\"ls\"}" };
}
