using System.Text.Json.Nodes;
using Cluster.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Cluster.Server.Tests.Pages;

public sealed class ConversationPageTests(Chromium chromium)
{
    [Fact]
    public async Task A_message_waits_then_reaches_then_is_answered_without_a_reload()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        await visitor.GoAsync("/s/admin/api");
        await visitor.Page.EvaluateAsync("window.loadedOnce = true");
        var line = visitor.Page.Locator(".line.in");

        await visitor.Page.GetByRole(AriaRole.Textbox).FillAsync("What broke?");
        await visitor.Page.GetByRole(AriaRole.Textbox).PressAsync("Enter");
        await Expect(line.Locator(".chip")).ToHaveTextAsync("waits");
        await Expect(visitor.Page.Locator(".facts")).ToContainTextAsync("Has never answered yet");
        await visitor.Page.GetByRole(AriaRole.Textbox).FillAsync("a draft");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var delivered = await client.NextAsync();
        await Expect(line.Locator(".chip")).ToHaveTextAsync("reached Claude Code");
        await client.CallAsync("reply", new JsonObject
        {
            ["chat_id"] = "console:admin",
            ["text"] = "The lock file. See https://example.com/lock",
            ["reply_to"] = delivered["params"]!["meta"]!["event_id"]!.GetValue<string>(),
        });

        await Expect(visitor.Page.Locator(".line.out .text")).ToHaveTextAsync("The lock file. See https://example.com/lock");
        await Expect(line.Locator(".chip")).ToHaveTextAsync("answered");
        await Expect(visitor.Page.Locator(".facts")).ToContainTextAsync("test-client 1.0");
        await Expect(visitor.Page.Locator(".facts")).ToContainTextAsync("Last heard from");
        await Expect(visitor.Page.GetByRole(AriaRole.Textbox)).ToHaveValueAsync("a draft");
        await Expect(visitor.Page.Locator(".line a")).ToHaveCountAsync(0);
        Assert.True(await visitor.Page.EvaluateAsync<bool>("window.loadedOnce"));
    }

    [Fact]
    public async Task A_waiting_message_can_be_cancelled()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await node.TellAsync("api", "Never mind");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        await visitor.GoAsync("/s/admin/api");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();

        await Expect(visitor.Page.Locator(".line .chip")).ToHaveTextAsync("not delivered: cancelled");
        await Expect(visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Its_owner_pauses_and_resumes_a_session()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var bob = await node.InviteAsync("bob");
        await node.AllowAsync("console:bob", "api", "watch");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        await visitor.GoAsync("/s/admin/api");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Pause for 1 hour" }).ClickAsync();
        await Expect(visitor.Page.Locator(".facts")).ToContainTextAsync("Paused until");
        await using var other = await Visitor.LogInAsync(chromium, node, bob);
        await other.GoAsync("/s/admin/api");
        await Expect(other.Page.Locator(".facts")).ToContainTextAsync("Paused until");
        await Expect(other.Page.GetByRole(AriaRole.Button, new() { Name = "Resume" })).ToHaveCountAsync(0);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();

        await Expect(visitor.Page.Locator(".facts")).Not.ToContainTextAsync("Paused");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Pause", Exact = true }).ClickAsync();
        await Expect(visitor.Page.Locator(".facts")).ToContainTextAsync("Paused; messages wait");
    }

    [Fact]
    public async Task A_refused_message_is_explained_and_kept()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:MailboxWaiting=1"]);
        await node.CreateSessionAsync("api");
        await node.TellAsync("api", "first");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        visitor.Expect("status of 429");
        await visitor.GoAsync("/s/admin/api");

        await visitor.Page.GetByRole(AriaRole.Textbox).FillAsync("second");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();

        await Expect(visitor.Notice).ToContainTextAsync("The mailbox of admin/api is full");
        await Expect(visitor.Page.GetByRole(AriaRole.Textbox)).ToHaveValueAsync("second");
    }

    [Fact]
    public async Task Without_script_one_can_write_and_read_refusals()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:MailboxWaiting=1"]);
        await node.CreateSessionAsync("api");
        await using var visitor = await Visitor.ComeAsync(chromium, node, new() { JavaScriptEnabled = false });
        visitor.Expect("status of 429");
        await visitor.Page.GotoAsync("/login");
        await visitor.Page.GetByLabel("Code").FillAsync(await Visitor.LinkAsync(node));
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "admin/api" }).ClickAsync();

        foreach (var text in (string[])["first", "second"])
        {
            await visitor.Page.GetByRole(AriaRole.Textbox).FillAsync(text);
            await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        }

        await Expect(visitor.Page.Locator(".line .text")).ToHaveTextAsync(["first"]);
        await Expect(visitor.Notice).ToContainTextAsync("is full");
        await Expect(visitor.Page.GetByRole(AriaRole.Textbox)).ToHaveValueAsync("second");
    }

    [Fact]
    public async Task Hostile_messages_are_text()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await node.TellAsync("api", "<script>window.hacked = 1</script><img src=x onerror=\"window.hacked = 1\"> a\u202Eb\u200Bc");
        await using var visitor = await Visitor.LogInAsync(chromium, node);

        await visitor.GoAsync("/s/admin/api");

        await Expect(visitor.Page.Locator(".line .text")).ToHaveTextAsync(
            "<script>window.hacked = 1</script><img src=x onerror=\"window.hacked = 1\"> abc");
        Assert.True(await visitor.Page.EvaluateAsync<bool>("window.hacked === undefined"));
    }

    [Fact]
    public async Task A_webhook_is_readable()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api", "Find out why.");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        await visitor.GoAsync("/s/admin/api");

        (await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one")).EnsureSuccessStatusCode();
        await visitor.Page.GetByText("Show the event").ClickAsync();

        await Expect(visitor.Page.Locator(".webhook-name")).ToHaveTextAsync("github.check_run");
        await Expect(visitor.Page.Locator(".line .text")).ToContainTextAsync("Find out why.");
        await Expect(visitor.Page.Locator(".line pre")).ToContainTextAsync("\"conclusion\": \"failure\"");
    }

    [Fact]
    public async Task Who_may_only_talk_sees_their_own_conversation()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await node.CreateSessionAsync("secret");
        var bob = await node.InviteAsync("bob");
        await node.AllowAsync("console:bob", "api", "talk");
        await node.TellAsync("api", "the owner's words");
        await node.TellAsync("admin/api", "bob's words", bob);
        await using var visitor = await Visitor.LogInAsync(chromium, node, bob);
        visitor.Expect("status of 404");

        await Expect(visitor.Page.Locator(".session")).ToHaveCountAsync(1);
        await visitor.GoAsync("/s/admin/api");
        await Expect(visitor.Page.Locator(".line .text")).ToHaveTextAsync(["bob's words"]);
        await Expect(visitor.Page.Locator("#access")).ToHaveCountAsync(0);
        var hidden = await visitor.Page.GotoAsync("/s/admin/secret");
        Assert.Equal(404, hidden!.Status);
        await Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("There is no such session");
    }

    [Fact]
    public async Task A_session_that_one_has_lost_leaves_the_page()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var bob = await node.InviteAsync("bob");
        await node.AllowAsync("console:bob", "api", "talk");
        await using var visitor = await Visitor.LogInAsync(chromium, node, bob);
        visitor.Expect("status of 404");
        await visitor.GoAsync("/s/admin/api");

        await node.RevokeAsync("console:bob", "api");

        await Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("There is no such session");
    }

    [Fact]
    public async Task A_phone_shows_it_all_without_scrolling_sideways()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await node.TellAsync("api", new string('w', 3_000));
        var github = await node.AddSourceAsync("api");
        (await github.SendAsync(GitHubSender.CheckRun)).EnsureSuccessStatusCode();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        (await client.NotifyAsync("notifications/claude/channel/permission_request", new JsonObject
        {
            ["request_id"] = "abcde",
            ["tool_name"] = new string('T', 60),
            ["description"] = new string('d', 500),
            ["input_preview"] = new string('p', 2_000),
        })).EnsureSuccessStatusCode();
        await using var visitor = await Visitor.LogInAsync(
            chromium, node, options: new() { ViewportSize = new() { Width = 390, Height = 844 }, IsMobile = true, HasTouch = true });

        foreach (var path in (string[])["/", "/s/admin/api", "/invite"])
        {
            await visitor.Page.GotoAsync(path);
            foreach (var fold in await visitor.Page.Locator("summary").AllAsync())
            {
                await fold.ClickAsync();
            }

            Assert.Equal(390, await visitor.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        }
    }
}
