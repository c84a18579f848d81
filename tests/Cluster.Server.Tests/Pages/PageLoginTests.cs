using System.Net;
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

    [Fact]
    public async Task A_link_to_a_session_survives_the_login()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await using var pasting = await Visitor.ComeAsync(chromium, node, new() { JavaScriptEnabled = false });
        await using var opening = await Visitor.ComeAsync(chromium, node);
        await pasting.Page.GotoAsync("/s/admin/api");
        await opening.Page.GotoAsync("/s/admin/api");

        await pasting.Page.GetByLabel("Code").FillAsync(await Visitor.LinkAsync(node));
        await pasting.Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        var tab = await opening.Context.NewPageAsync();
        await tab.GotoAsync(await Visitor.LinkAsync(node)); // as a terminal opens it

        await Expect(pasting.Page).ToHaveURLAsync($"{node.Url}/s/admin/api");
        await Expect(tab).ToHaveURLAsync($"{node.Url}/s/admin/api", new() { Timeout = 30_000 });
        await Expect(tab.Locator("h1")).ToHaveTextAsync("admin/api");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/s/admin/api")]
    public async Task A_link_on_another_site_finds_who_is_logged_in(string path)
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        visitor.Expect("elsewhere.example");
        await visitor.Page.RouteAsync("http://elsewhere.example/**", route => route.FulfillAsync(new()
        {
            ContentType = "text/html",
            Body = $"""<link rel="icon" href="data:,"><a href="{node.Url}{path}">the session</a>""",
        }));
        await visitor.Page.GotoAsync("http://elsewhere.example/");

        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "the session" }).ClickAsync();

        await Expect(visitor.Page).ToHaveURLAsync($"{node.Url}{path}");
        await Expect(visitor.Page.Locator("#status")).ToHaveTextAsync("Live");
    }

    [Theory]
    [InlineData("//elsewhere.example")]
    [InlineData("///elsewhere.example")]
    [InlineData("/\\elsewhere.example")]
    [InlineData("https://elsewhere.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("elsewhere.example")]
    [InlineData("/%2Felsewhere.example")]
    [InlineData("/\t/elsewhere.example")]
    [InlineData("/s/admin/api\n")]
    [InlineData("/login")]
    [InlineData("/page/logout")]
    public async Task A_login_leads_to_pages_of_this_node_only(string to)
    {
        await using var node = await NodeHost.StartAsync();
        var wanted = Uri.EscapeDataString(to);
        using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(node.Url) };
        browser.DefaultRequestHeaders.Add("Accept", "text/html");
        using var page = await browser.GetAsync($"/login?to={wanted}");
        var html = await page.Content.ReadAsStringAsync();
        var token = html.Split("name=\"__RequestVerificationToken\" value=\"")[1].Split('"')[0];
        var code = (await Visitor.LinkAsync(node)).Split('#')[1];
        browser.DefaultRequestHeaders.Add("Cookie", $"cluster_return={wanted}");

        using var done = await browser.PostAsync("/page/login", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["code"] = code,
            ["to"] = to,
            ["__RequestVerificationToken"] = token,
        }));

        Assert.DoesNotContain("elsewhere", html, StringComparison.Ordinal);
        Assert.DoesNotContain("refresh", html, StringComparison.Ordinal);
        Assert.DoesNotContain(page.Headers.GetValues("Set-Cookie"), cookie => cookie.StartsWith("cluster_return", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.SeeOther, "/"), (done.StatusCode, done.Headers.Location?.OriginalString));
    }
}
