using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Server.Simulation;
using Cluster.Server.Tests.Chats;
using Cluster.Server.Tests.Pages;
using Cluster.Testing;
using Microsoft.Playwright;

namespace Cluster.Server.Tests.Simulation;

/// <summary>A node with a Telegram of its own, as somebody tries it who has no account.</summary>
public sealed class SimulationTests(Chromium chromium) : IDisposable
{
    private const long Ada = (1L << 52) + 101; // no account has such an id

    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-simulation-").FullName;
    private readonly int _port = Programs.FreePort();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Somebody_pairs_on_the_page_writes_and_sees_the_answer_a_prompt_and_what_became_of_both()
    {
        await using var node = await StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(Url, Token, "api");
        await using var visit = await Visit.ComeAsync(chromium, node.Page);
        var page = visit.Page;

        await WriteAsync(page, await CodeAsync());
        await Assertions.Expect(page.Locator("article").Last).ToContainTextAsync("You are paired");
        await WriteAsync(page, "Is <b>main</b> green?");
        var arrived = await client.NextAsync();
        await Assertions.Expect(page.Locator("article.mine").Last.Locator(".reaction")).ToHaveTextAsync("👀");
        await client.CallAsync("reply", new JsonObject
        {
            ["chat_id"] = ChatTeam.Meta(arrived, "chat_id"),
            ["text"] = "Yes: **all** of it, <b>really</b>.",
            ["reply_to"] = ChatTeam.Meta(arrived, "event_id"),
        });
        await Assertions.Expect(page.Locator("article.mine").Last.Locator(".reaction")).ToHaveTextAsync("👌");
        await Assertions.Expect(page.Locator("article").Last.Locator(".text")).ToHaveTextAsync("Yes: all of it, <b>really</b>.");
        await Assertions.Expect(page.Locator("article").Last.Locator(".quote")).ToHaveTextAsync("Ada: Is <b>main</b> green?");
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde"));
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Deny" })).ToBeVisibleAsync();
        await visit.LookAsync("desktop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        var verdict = await client.NextAsync();
        await Assertions.Expect(page.Locator("#told")).ToContainTextAsync("Allowed");
        await Assertions.Expect(page.Locator("article").Last).ToContainTextAsync($"allowed by telegram:{Ada}");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Allow" })).ToHaveCountAsync(0);

        Assert.Equal("""{"request_id":"abcde","behavior":"allow"}""", verdict["params"]!.ToJsonString());
        Assert.Equal("Is &lt;b&gt;main&lt;/b&gt; green?", ChatTeam.Content(arrived));
    }

    [Fact]
    public async Task On_a_phone_one_person_plays_several_in_a_group_and_answers_the_bot()
    {
        await using var node = await StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(Url, Token, "api");
        await using var visit = await Visit.ComeAsync(
            chromium, node.Page, new() { ViewportSize = new() { Width = 390, Height = 844 }, IsMobile = true, HasTouch = true });
        var page = visit.Page;
        await WriteAsync(page, await CodeAsync());
        await Assertions.Expect(page.Locator("article").Last).ToContainTextAsync("You are paired");

        await page.GetByRole(AriaRole.Button, new() { Name = "the group" }).ClickAsync();
        await Assertions.Expect(page.Locator(".empty")).ToContainTextAsync("mentions it");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ben" }).ClickAsync();
        await page.Locator("#mention").ClickAsync();
        await Assertions.Expect(page.Locator("#text")).ToHaveValueAsync("@Cluster_Bot ");
        await WriteAsync(page, "@Cluster_Bot let me in");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ada" }).ClickAsync();
        await WriteAsync(page, "@Cluster_Bot what is up?");
        var arrived = await client.NextAsync();
        await client.CallAsync("reply", new JsonObject { ["chat_id"] = ChatTeam.Meta(arrived, "chat_id"), ["text"] = new string('w', 500) });
        await page.Locator("article").Last.GetByRole(AriaRole.Button, new() { Name = "Reply" }).ClickAsync();
        await WriteAsync(page, "and now?");
        var answered = await client.NextAsync();
        await visit.LookAsync("phone");

        Assert.Equal("what is up?", ChatTeam.Content(arrived)); // Ben is a stranger: nothing of him came
        Assert.EndsWith("\nand now?", ChatTeam.Content(answered));
        Assert.Equal(390, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    [Fact]
    public async Task The_page_is_for_who_knows_its_key_under_this_machines_own_name()
    {
        await using var node = await StartAsync();
        var (address, key) = (new Uri(node.Page).GetLeftPart(UriPartial.Authority), new Uri(node.Page).Fragment[1..]);
        using var http = new HttpClient();

        async Task<HttpStatusCode> AskAsync(string path, string? withKey, string? host = null, string? origin = null)
        {
            using var request = new HttpRequestMessage(path == "/send" ? HttpMethod.Post : HttpMethod.Get, address + path);
            request.Headers.Host = host;
            request.Headers.Add("Origin", origin is null ? [] : [origin]);
            request.Headers.Add("X-Simulator-Key", withKey is null ? [] : [withKey]);
            request.Content = path == "/send" ? new StringContent($$"""{"who":{{Ada}},"chat":{{Ada}},"text":"hi","replyTo":0}""", MediaTypeHeaderValue.Parse("application/json")) : null;
            using var answer = await http.SendAsync(request);
            return answer.StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await AskAsync("/send", key, origin: address));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync("/send", null));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync("/send", "wrong"));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync("/chat", null));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync("/", null, host: "evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync("/send", key, origin: "http://evil.example"));
        using var page = await http.GetAsync(address);
        Assert.Contains("default-src 'none'", string.Join("", page.Headers.GetValues("Content-Security-Policy")));
    }

    [Fact]
    public async Task A_node_that_starts_again_keeps_its_bot_and_who_was_paired()
    {
        await using (var first = await StartAsync())
        {
            await using (var visit = await Visit.ComeAsync(chromium, first.Page))
            {
                await WriteAsync(visit.Page, await CodeAsync());
                await Assertions.Expect(visit.Page.Locator("article").Last).ToContainTextAsync("You are paired");
            }

            await first.Process.SignalAsync("TERM");
            await first.Process.ExitAsync();
        }

        await using var again = await StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(Url, Token, "api");
        await using var visitor = await Visit.ComeAsync(chromium, again.Page);
        await WriteAsync(visitor.Page, "still me");
        var arrived = await client.NextAsync();

        Assert.Equal(("still me", "owner"), (ChatTeam.Content(arrived), ChatTeam.Meta(arrived, "trust")));
    }

    [Theory]
    [InlineData("--simulate", "discord")]
    [InlineData("--simulate")]
    [InlineData("--simulate=", "telegram")]
    public async Task What_cannot_be_simulated_is_said_at_once(params string[] arguments)
    {
        await using var node = Programs.StartNode(_folder, _port, arguments);

        Assert.Equal(1, await node.ExitAsync());
        Assert.Contains("only telegram can be simulated", node.Errors);
    }

    [Theory]
    [InlineData(new[] { "--urls", "x", "--simulate", "telegram" }, new[] { "--urls", "x" }, true)]
    [InlineData(new[] { "--simulate=telegram", "--demo" }, new[] { "--demo" }, true)]
    [InlineData(new[] { "--urls", "x" }, new[] { "--urls", "x" }, false)]
    public void The_argument_is_taken_out_of_the_others(string[] arguments, string[] rest, bool simulate)
    {
        var read = SimulateArgument.Read(arguments);

        Assert.Equal((simulate, null), (read.Simulate, read.Fault));
        Assert.Equal(rest, read.Others);
    }

    private string Url => $"http://127.0.0.1:{_port}";

    private string Token => File.ReadAllText(Path.Combine(_folder, "data", "admin-token")).Trim();

    private async Task<Started> StartAsync()
    {
        var process = Programs.StartNode(_folder, _port, "--simulate", "telegram");
        var page = (await process.LineWithAsync("/#", 60)).Trim();
        return new Started(process, page);
    }

    private async Task<string> CodeAsync()
    {
        using var api = new HttpClient { BaseAddress = new Uri(Url) };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        using var made = await api.PostAsync("/api/pairings", null);
        return (await made.Content.ReadFromJsonAsync(ApiJson.Default.NewPairing))!.Code;
    }

    private static async Task WriteAsync(IPage page, string text)
    {
        await page.Locator("#text").FillAsync(text);
        await page.Locator("#text").PressAsync("Enter");
        await Assertions.Expect(page.Locator("article.mine").Last.Locator(".text")).ToHaveTextAsync(text);
    }

    private sealed record Started(ChildProcess Process, string Page) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }

    /// <summary>A browser at the page. What it complains about, or loads from elsewhere, fails the test.</summary>
    private sealed class Visit(IBrowserContext context, IPage page) : IAsyncDisposable
    {
        private readonly ConcurrentQueue<string> _complaints = new();

        public IPage Page => page;

        public static async Task<Visit> ComeAsync(Chromium chromium, string url, BrowserNewContextOptions? options = null)
        {
            var context = await (await chromium.BrowserAsync()).NewContextAsync(options ?? new());
            var visit = new Visit(context, await context.NewPageAsync());
            context.Console += (_, message) => visit._complaints.Enqueue(message.Type is "error" or "warning" ? message.Text : "");
            context.WebError += (_, error) => visit._complaints.Enqueue(error.Error);
            context.Request += (_, request) => visit._complaints.Enqueue(
                request.Url.StartsWith(new Uri(url).GetLeftPart(UriPartial.Authority), StringComparison.Ordinal) || request.Url == "data:," ? "" : $"loads {request.Url}");
            await visit.Page.GotoAsync(url);
            await Assertions.Expect(visit.Page.Locator("#status")).ToHaveTextAsync("Live", new() { Timeout = 30_000 });
            return visit;
        }

        /// <summary>Keeps a picture where somebody wants to see it.</summary>
        public async Task LookAsync(string name)
        {
            if (Environment.GetEnvironmentVariable("CLUSTER_SCREENSHOTS") is { Length: > 0 } folder)
            {
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"simulation-{name}.png") });
            }
        }

        public async ValueTask DisposeAsync()
        {
            await context.CloseAsync();
            Assert.DoesNotContain(_complaints, complaint => complaint.Length > 0);
        }
    }
}
