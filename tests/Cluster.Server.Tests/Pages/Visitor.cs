using System.Collections.Concurrent;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Testing;
using Microsoft.Playwright;

namespace Cluster.Server.Tests.Pages;

/// <summary>Somebody at a browser of their own. What the browser complains about, or loads from elsewhere, fails the test.</summary>
public sealed class Visitor : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly List<string> _expected = [];
    private readonly NodeHost _node;

    private Visitor(NodeHost node, IBrowserContext context)
    {
        _node = node;
        Context = context;
        context.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _complaints.Enqueue(message.Text);
            }
        };
        context.WebError += (_, error) => _complaints.Enqueue(error.Error);
        context.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(node.Url, StringComparison.Ordinal))
            {
                _complaints.Enqueue($"loads {request.Url}");
            }
        };
    }

    public IBrowserContext Context { get; }

    public IPage Page { get; private set; } = null!;

    public ILocator Notice => Page.Locator("#notice");

    public static async Task<Visitor> ComeAsync(Chromium chromium, NodeHost node, BrowserNewContextOptions? options = null)
    {
        options ??= new BrowserNewContextOptions();
        options.BaseURL = node.Url;
        var visitor = new Visitor(node, await (await chromium.BrowserAsync()).NewContextAsync(options));
        visitor.Page = await visitor.Context.NewPageAsync();
        return visitor;
    }

    /// <summary>Comes and logs in by a link, as this token's principal.</summary>
    public static async Task<Visitor> LogInAsync(
        Chromium chromium, NodeHost node, string? token = null, BrowserNewContextOptions? options = null)
    {
        var visitor = await ComeAsync(chromium, node, options);
        await visitor.Page.GotoAsync(await LinkAsync(node, token));
        await Assertions.Expect(visitor.Page).ToHaveURLAsync($"{node.Url}/", new() { Timeout = 30_000 });
        return visitor;
    }

    public static async Task<string> LinkAsync(NodeHost node, string? token = null)
    {
        using var api = node.Api(token);
        using var made = await api.PostAsync("/api/page-codes", null);
        made.EnsureSuccessStatusCode();
        return (await made.Content.ReadFromJsonAsync(ApiJson.Default.PageLink))!.Url;
    }

    /// <summary>Opens a page and waits until it is live.</summary>
    public async Task GoAsync(string path)
    {
        await Page.GotoAsync(path);
        await Assertions.Expect(Page.Locator("#status")).ToHaveTextAsync("Live");
    }

    /// <summary>A browser logs every refused request; this one is part of the test.</summary>
    public void Expect(string complaint) => _expected.Add(complaint);

    /// <summary>The cookies, as one header.</summary>
    public async Task<string> CookiesAsync() =>
        string.Join("; ", (await Context.CookiesAsync([_node.Url])).Select(cookie => $"{cookie.Name}={cookie.Value}"));

    public async ValueTask DisposeAsync()
    {
        await Context.CloseAsync();
        Assert.DoesNotContain(_complaints, complaint => !_expected.Exists(expected => complaint.Contains(expected, StringComparison.Ordinal)));
    }
}
