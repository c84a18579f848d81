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
        await visitor.Page.GetByText("See more").ClickAsync();
        var card = visitor.Page.Locator(".permission");
        await Expect(card).ToContainTextAsync("Runs the tests");
        await Expect(card.Locator("pre.input")).ToHaveTextAsync(Preview);
        await Expect(card).ToContainTextAsync($"{Preview.Length} characters");
        await Expect(card).ToContainTextAsync(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Preview)))[..12]);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        await Expect(card).ToHaveCountAsync(0);

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
        await visitor.Page.GetByText("See more").ClickAsync();

        await Expect(visitor.Page.Locator(".permission h3")).ToHaveTextAsync("Ba[U+202E]sh<script>window.hacked = 1</script>");
        await Expect(visitor.Page.Locator(".permission")).ToContainTextAsync("harm[U+200B]less");
        await Expect(visitor.Page.Locator("pre.input")).ToHaveTextAsync("rm -rf[U+2066] /<b>");
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
