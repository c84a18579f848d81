using System.Net;
using Cluster.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Cluster.Server.Tests.Pages;

/// <summary>The pages under their public https address, while the node itself speaks plain HTTP.</summary>
public sealed class TlsProxyTests(Chromium chromium)
{
    [Fact]
    public async Task The_page_works_through_a_proxy_that_only_takes_off_the_encryption()
    {
        await using var proxy = new TlsProxy();
        await using var node = await NodeHost.StartAsync([$"--Cluster:PublicUrl={proxy.Url}"]);
        proxy.LeadTo(node.Url);
        await node.CreateSessionAsync("api");
        await using var visitor = await (await chromium.BrowserAsync()).NewContextAsync(new() { IgnoreHTTPSErrors = true });
        var page = await visitor.NewPageAsync();

        await page.GotoAsync(await Visitor.LinkAsync(node));
        await Expect(page).ToHaveURLAsync($"{proxy.Url}/", new() { Timeout = 30_000 });
        var cookies = await visitor.CookiesAsync();
        await page.GotoAsync($"{proxy.Url}/s/admin/api");
        await Expect(page.Locator("#status")).ToHaveTextAsync("Live");
        await page.Locator("#composer textarea").FillAsync("through the proxy");
        await page.Locator("#composer button").ClickAsync();
        await Expect(page.Locator(".line .text")).ToHaveTextAsync(["through the proxy"]);
        var login = cookies.Single(cookie => cookie.Name == "__Host-cluster_page").Value;
        var proper = await RedirectAsync(node, $"__Host-cluster_page={login}");
        var planted = await RedirectAsync(node, $"cluster_page={login}"); // as a neighbour under the same domain could
        await page.GetByRole(AriaRole.Button, new() { Name = "Log out" }).ClickAsync();

        await Expect(page).ToHaveURLAsync($"{proxy.Url}/login");
        Assert.Equal(["__Host-cluster_forms", "__Host-cluster_page"], cookies.Select(cookie => cookie.Name).Order(StringComparer.Ordinal));
        Assert.All(cookies, cookie => Assert.True(cookie.Secure && cookie.HttpOnly && cookie.SameSite == SameSiteAttribute.Strict));
        Assert.Equal((null, "/login"), (proper, planted));
        Assert.DoesNotContain(await visitor.CookiesAsync(), cookie => cookie.Name == "__Host-cluster_page");
    }

    [Theory]
    [InlineData("https://cluster.example.com", "__Host-cluster_forms", true)]
    [InlineData("http://cluster.example.com", "cluster_forms", false)]
    [InlineData("", "cluster_forms", false)]
    public async Task Cookies_and_transport_security_follow_the_public_address(string publicUrl, string cookie, bool secure)
    {
        await using var node = await NodeHost.StartAsync([$"--Cluster:PublicUrl={publicUrl}"]);
        using var browser = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new Uri(node.Url) };

        using var page = await browser.GetAsync("/login");
        var set = Assert.Single(page.Headers.GetValues("Set-Cookie"));

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.StartsWith($"{cookie}=", set);
        Assert.Equal(secure, set.Contains("; secure"));
        Assert.Equal(secure, page.Headers.Contains("Strict-Transport-Security"));
    }

    private static async Task<string?> RedirectAsync(NodeHost node, string cookie)
    {
        using var browser = new HttpClient(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(node.Url) };
        browser.DefaultRequestHeaders.Add("Cookie", cookie);
        using var page = await browser.GetAsync("/");
        return page.Headers.Location?.OriginalString;
    }
}
