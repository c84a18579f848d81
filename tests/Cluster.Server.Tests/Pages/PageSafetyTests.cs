using System.Net;
using System.Text.RegularExpressions;
using Cluster.Testing;
using static Microsoft.Playwright.Assertions;

namespace Cluster.Server.Tests.Pages;

public sealed partial class PageSafetyTests(Chromium chromium, SharedNode shared) : IClassFixture<SharedNode>
{
    [Fact]
    public async Task Every_page_is_locked_down()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        using var browser = await BrowserAsync(node, visitor);

        foreach (var path in (string[])["/", "/s/admin/api", "/s/admin/none", "/login", "/invite", "/nothing", "/page/assets/page.js"])
        {
            using var response = await browser.GetAsync(path);
            var body = await response.Content.ReadAsStringAsync();

            var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
            Assert.Equal(!path.Contains("assets", StringComparison.Ordinal), response.Headers.CacheControl?.NoStore);
            Assert.DoesNotMatch(InlineCode(), body);
        }
    }

    [Fact]
    public async Task What_is_missing_is_a_page_for_people_and_a_problem_for_programs()
    {
        await using var node = await NodeHost.StartAsync();
        await using var visitor = await Visitor.ComeAsync(chromium, node);
        visitor.Expect("status of 404");

        var missing = await visitor.Page.GotoAsync("/nothing/here");
        using var api = node.Api();
        using var problem = await api.GetAsync("/api/nothing");

        Assert.Equal(404, missing!.Status);
        await Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("There is no such page");
        Assert.Equal(HttpStatusCode.NotFound, problem.StatusCode);
        Assert.Equal("application/problem+json", problem.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("/page/logout")]
    [InlineData("/page/login")]
    [InlineData("/page/s/admin/api/messages")]
    [InlineData("/page/s/admin/api/events/1/cancel")]
    [InlineData("/page/permissions/1")]
    public async Task A_form_that_no_page_of_ours_made_is_refused(string path)
    {
        var node = await shared.StartedAsync();
        await node.CreateSessionAsync("api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        using var browser = await BrowserAsync(node, visitor);
        Dictionary<string, string> form = new() { ["text"] = "forged", ["behavior"] = "allow", ["code"] = "x" };

        using var missing = await browser.PostAsync(path, new FormUrlEncodedContent(form));
        using var forged = await browser.PostAsync(path, new FormUrlEncodedContent(form.Append(new("__RequestVerificationToken", "forged"))));
        using var json = await browser.PostAsync(path, new StringContent("{}", null, "application/json"));
        using var torn = await browser.PostAsync(path, new StringContent("--x", null, new System.Net.Http.Headers.MediaTypeHeaderValue("multipart/form-data") { Parameters = { new("boundary", "x") } }));

        Assert.All([missing, forged, json, torn], response => Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode));
        using var page = await browser.GetAsync("/s/admin/api");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("Nothing was said yet", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_sent_twice_enters_once()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        await visitor.GoAsync("/s/admin/api");
        using var browser = await BrowserAsync(node, visitor);
        var form = new Dictionary<string, string>
        {
            ["text"] = "once",
            ["client_id"] = await visitor.Page.Locator("[name=client_id]").InputValueAsync(),
            ["__RequestVerificationToken"] = await visitor.Page.Locator("#composer [name=__RequestVerificationToken]").InputValueAsync(),
        };

        using var first = await browser.PostAsync("/page/s/admin/api/messages", new FormUrlEncodedContent(form));
        using var second = await browser.PostAsync("/page/s/admin/api/messages", new FormUrlEncodedContent(form));

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (first.StatusCode, second.StatusCode));
        await Expect(visitor.Page.Locator(".line .text")).ToHaveTextAsync(["once"]);
    }

    [Fact]
    public async Task Hints_name_only_sessions_that_one_may_find()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await node.CreateSessionAsync("secret");
        var bob = await node.InviteAsync("bob");
        await node.AllowAsync("console:bob", "api", "talk");
        await using var visitor = await Visitor.LogInAsync(chromium, node, bob);
        using var browser = await BrowserAsync(node, visitor);
        using var stream = await browser.GetAsync("/page/changes", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await stream.Content.ReadAsStreamAsync());
        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType?.MediaType);

        await node.TellAsync("secret", "hidden");
        await node.TellAsync("api", "shared");
        var hints = new List<string>();
        while (hints.Count == 0)
        {
            if (await lines.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && line.StartsWith("data:", StringComparison.Ordinal))
            {
                hints.Add(line);
            }
        }

        Assert.Equal(["data: admin/api"], hints);
    }

    [Fact]
    public async Task A_node_that_goes_and_comes_back_is_told_plainly()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        visitor.Expect("ERR_");
        await visitor.GoAsync("/s/admin/api");

        await node.StopAsync();
        await Expect(visitor.Page.Locator("#status")).ToContainTextAsync("Connection lost");
        await node.StartAgainAsync();
        await node.TellAsync("api", "back again");

        await Expect(visitor.Page.Locator(".line .text")).ToHaveTextAsync(["back again"], new() { Timeout = 15_000 });
        await Expect(visitor.Page.Locator("#status")).ToHaveTextAsync("Live", new() { Timeout = 15_000 });
    }

    private static async Task<HttpClient> BrowserAsync(NodeHost node, Visitor visitor)
    {
        var client = new HttpClient(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(node.Url) };
        client.DefaultRequestHeaders.Add("Cookie", await visitor.CookiesAsync());
        return client;
    }

    [GeneratedRegex("""<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=""")]
    private static partial Regex InlineCode();
}
