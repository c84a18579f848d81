using Cluster.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Cluster.Server.Tests.Pages;

public sealed class PageLoginTests(Chromium chromium)
{
    [Fact]
    public async Task A_code_in_the_fragment_logs_in_once_and_leaves_address_bar_and_history()
    {
        await using var node = await NodeHost.StartAsync();
        await using var first = await Visitor.ComeAsync(chromium, node);
        await using var second = await Visitor.ComeAsync(chromium, node);
        second.Expect("status of 401");
        var link = await Visitor.LinkAsync(node);

        await first.Page.GotoAsync(link);
        await Expect(first.Page).ToHaveURLAsync($"{node.Url}/", new() { Timeout = 30_000 });
        await second.Page.GotoAsync(link);

        await Expect(first.Page.Locator(".who")).ToHaveTextAsync("console:admin");
        await Expect(second.Notice).ToContainTextAsync("used already");
        await Expect(second.Page).ToHaveURLAsync($"{node.Url}/login");
        await first.Page.GoBackAsync();
        Assert.DoesNotContain('#', first.Page.Url);
    }

    [Fact]
    public async Task The_cookie_is_out_of_reach_of_scripts_and_other_sites()
    {
        await using var node = await NodeHost.StartAsync();
        await using var visitor = await Visitor.LogInAsync(chromium, node);

        var cookie = (await visitor.Context.CookiesAsync()).Single(c => c.Name == "cluster_page");

        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Strict, cookie.SameSite);
        Assert.Equal("", await visitor.Page.EvaluateAsync<string>("document.cookie"));
    }

    [Fact]
    public async Task A_pasted_link_logs_in_without_script()
    {
        await using var node = await NodeHost.StartAsync();
        await using var visitor = await Visitor.ComeAsync(chromium, node, new() { JavaScriptEnabled = false });
        visitor.Expect("status of 401");

        await visitor.Page.GotoAsync("/login");
        await visitor.Page.GetByLabel("Code").FillAsync("nonsense");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await Expect(visitor.Notice).ToContainTextAsync("cluster page");
        await visitor.Page.GetByLabel("Code").FillAsync(await Visitor.LinkAsync(node));
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();

        await Expect(visitor.Page).ToHaveURLAsync($"{node.Url}/");
    }

    [Fact]
    public async Task Logging_out_ends_the_login_in_every_tab()
    {
        await using var node = await NodeHost.StartAsync();
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        visitor.Expect("EventSource");
        var other = await visitor.Context.NewPageAsync();
        await other.GotoAsync("/");
        await Expect(other.Locator("#status")).ToHaveTextAsync("Live");
        var cookie = await visitor.CookiesAsync();

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Log out" }).ClickAsync();

        await Expect(visitor.Page).ToHaveURLAsync($"{node.Url}/login");
        await Expect(other).ToHaveURLAsync($"{node.Url}/login", new() { Timeout = 10_000 });
        using var thief = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{node.Url}/");
        request.Headers.Add("Cookie", cookie);
        using var refused = await thief.SendAsync(request);
        Assert.Equal("/login", refused.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task An_invitation_opened_in_a_browser_is_explained_and_not_spent()
    {
        await using var node = await NodeHost.StartAsync();
        await using var visitor = await Visitor.ComeAsync(chromium, node);

        await visitor.Page.GotoAsync("/invite#some-code");

        await Expect(visitor.Page.Locator("#invitation")).ToHaveTextAsync($"cluster login {node.Url}/invite#some-code");
        Assert.NotEmpty(await node.InviteAsync("bob"));
    }
}
