using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Cluster.Server.Tests.Pages;

/// <summary>A press that was meant for one permission request never answers another.</summary>
public sealed class PermissionPlaceTests(Chromium chromium)
{
    [Theory]
    [InlineData(1280)]
    [InlineData(390)]
    public async Task A_request_that_comes_moves_nothing_and_takes_no_place(int width)
    {
        await using var node = await NodeHost.StartAsync();
        await using var web = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "web");
        await using var api = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api"); // before the other by name
        await using var visitor = await Visitor.LogInAsync(chromium, node, options: new() { ViewportSize = new() { Width = width, Height = 900 } });
        await visitor.GoAsync("/");
        await AskAsync(web, "abcde", "git push");
        var allow = visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" });
        await allow.ScrollIntoViewIfNeededAsync();
        await Expect(allow).ToBeEnabledAsync();
        var places = await PlacesAsync(visitor);
        var aim = (await allow.BoundingBoxAsync())!;

        await AskAsync(api, "fghij", "rm -rf /");
        await Expect(visitor.Page.Locator(".permission")).ToHaveCountAsync(2);
        var after = await PlacesAsync(visitor);
        await visitor.Page.Mouse.ClickAsync(aim.X + (aim.Width / 2), aim.Y + (aim.Height / 2));

        await Expect(visitor.Page.Locator(".permission").First.Locator(".chip")).ToContainTextAsync("allowed by console:admin");
        await Expect(visitor.Page.Locator(".permission pre")).ToHaveTextAsync(["git push", "rm -rf /"]);
        Assert.Equal(places, after[..places.Length]);
        Assert.Equal("open", (await node.PermissionsAsync("api")).Single().State);
        Assert.Equal(("decided", "allow"), (await node.PermissionsAsync("web")).Single() is var decided ? (Sent(decided.State), decided.Behavior) : default);
    }

    [Fact]
    public async Task A_button_does_nothing_in_its_first_second()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        var posts = Posts(visitor);
        await visitor.Page.Clock.InstallAsync();
        await visitor.GoAsync("/s/admin/api");
        await visitor.Page.Clock.PauseAtAsync(DateTime.UtcNow.AddHours(1));

        await AskAsync(client, "abcde", "npm test");
        var allow = visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" });
        await allow.ClickAsync(new() { Force = true });
        await allow.FocusAsync();
        await visitor.Page.Keyboard.PressAsync("Enter");
        await visitor.Page.Clock.RunForAsync(999);
        await allow.ClickAsync(new() { Force = true });
        await Expect(allow).ToBeDisabledAsync();
        await visitor.Page.Clock.RunForAsync(1);

        await Expect(allow).ToBeEnabledAsync();
        Assert.Empty(posts);
        Assert.Equal("open", (await node.PermissionsAsync("api")).Single().State);
    }

    [Fact]
    public async Task A_button_that_has_moved_rests_again()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await AskAsync(client, "abcde", "npm test");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        var posts = Posts(visitor);
        await visitor.GoAsync("/s/admin/api");
        var allow = visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" });
        await Expect(allow).ToBeEnabledAsync();

        // Moved by nothing that the page knows of, and pressed in the same moment.
        var pressed = await allow.EvaluateAsync<bool>(
            """
            button => {
              document.getElementById('requests-title').style.paddingTop = '40px';
              button.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
              button.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, detail: 1 }));
              return !button.hasAttribute('aria-disabled');
            }
            """);

        Assert.False(pressed);
        await Expect(allow).ToBeEnabledAsync();
        Assert.Empty(posts);
    }

    [Theory]
    [InlineData(1280)]
    [InlineData(390)]
    public async Task What_became_of_a_request_stays_where_its_buttons_were(int width)
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var visitor = await Visitor.LogInAsync(chromium, node, options: new() { ViewportSize = new() { Width = width, Height = 900 } });
        await visitor.GoAsync("/s/admin/api");
        await AskAsync(client, "abcde", "first");
        await AskAsync(client, "fghij", "second");
        await AskAsync(client, "kmnop", "third");
        var cards = visitor.Page.Locator("#requests .permission");
        await Expect(cards).ToHaveCountAsync(3);
        await cards.Nth(2).GetByRole(AriaRole.Button, new() { Name = "Allow" }).ScrollIntoViewIfNeededAsync();
        var places = await PlacesAsync(visitor, scrolled: false);

        (await node.DecideAsync((await node.PermissionsAsync("api")).Single(one => one.RequestId == "abcde").Id, "deny")).EnsureSuccessStatusCode();
        await Expect(cards.Nth(0).Locator(".chip")).ToContainTextAsync("denied by console:admin");
        await cards.Nth(1).GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        await Expect(cards.Nth(1).Locator(".chip")).ToContainTextAsync("allowed by console:admin");

        Assert.Equal(places[^2..], (await PlacesAsync(visitor, scrolled: false))[^2..]);
        await Expect(cards.Locator("pre")).ToHaveTextAsync(["first", "second", "third"]);
        await visitor.Page.ReloadAsync();
        await Expect(cards.Locator("pre")).ToHaveTextAsync(["third"]);
    }

    [Fact]
    public async Task What_the_session_becomes_moves_no_request_below_it()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await AskAsync(client, "abcde", "first");
        await using var visitor = await Visitor.LogInAsync(chromium, node, options: new() { ViewportSize = new() { Width = 390, Height = 900 } });
        await visitor.GoAsync("/s/admin/api");
        await Expect(visitor.Page.Locator("#requests .permission")).ToHaveCountAsync(1);
        var places = await PlacesAsync(visitor, scrolled: false);

        using var browser = new HttpClient { BaseAddress = new Uri(node.Url) };
        browser.DefaultRequestHeaders.Authorization = new("Bearer", node.AdminToken);
        (await browser.PostAsJsonAsync("/api/sessions/admin/api/pause", new { })).EnsureSuccessStatusCode();
        await node.TellAsync("api", "waits");
        await Expect(visitor.Page.Locator(".facts")).ToContainTextAsync("Paused; messages wait");
        await Expect(visitor.Page.Locator(".facts")).ToContainTextAsync("1 waits or is on its way");

        Assert.Equal(places[^2..], (await PlacesAsync(visitor, scrolled: false))[^2..]);
    }

    [Fact]
    public async Task A_press_ends_on_the_button_on_which_it_began_or_does_nothing()
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        var posts = Posts(visitor);
        await AskAsync(client, "abcde", "first");
        await AskAsync(client, "fghij", "second");
        await visitor.GoAsync("/s/admin/api");
        var cards = visitor.Page.Locator("#requests .permission");
        var first = cards.Nth(0).GetByRole(AriaRole.Button, new() { Name = "Allow" });
        var second = cards.Nth(1).GetByRole(AriaRole.Button, new() { Name = "Allow" });
        await Expect(second).ToBeEnabledAsync();

        // The button goes down on one, which is then answered elsewhere.
        await first.HoverAsync();
        await visitor.Page.Mouse.DownAsync();
        (await node.DecideAsync((await node.PermissionsAsync("api")).Single(one => one.RequestId == "abcde").Id, "deny")).EnsureSuccessStatusCode();
        await Expect(cards.Nth(0).Locator(".chip")).ToContainTextAsync("denied by console:admin");
        await visitor.Page.Mouse.UpAsync();
        // A finger goes down on nothing and comes up, after a move of the page, on a button.
        await second.EvaluateAsync(
            """
            button => {
              document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, pointerType: 'touch' }));
              button.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, detail: 1 }));
            }
            """);
        Assert.Empty(posts);

        // The focus stays where it was while another request comes.
        await second.FocusAsync();
        await AskAsync(client, "kmnop", "third");
        await Expect(cards).ToHaveCountAsync(3);
        await visitor.Page.Keyboard.PressAsync("Enter");

        await Expect(cards.Nth(1).Locator(".chip")).ToContainTextAsync("allowed by console:admin");
        Assert.Equal("open", (await node.PermissionsAsync("api")).Single(one => one.RequestId == "kmnop").State);
    }

    [Fact]
    [Trait("House", "old")]
    public async Task A_verdict_counts_only_for_what_was_shown_and_not_in_the_first_second()
    {
        var clock = new LaterClock();
        await using var node = await NodeHost.StartInProcessAsync(adjust: builder => builder.Services.AddSingleton<TimeProvider>(clock));
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await AskAsync(client, "abcde", "first");
        await AskAsync(client, "fghij", "second");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        await visitor.GoAsync("/s/admin/api");
        using var browser = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new Uri(node.Url) };
        browser.DefaultRequestHeaders.Add("Cookie", await visitor.CookiesAsync());
        var forms = visitor.Page.Locator("form.verdict");
        var shown = await forms.Nth(0).EvaluateAsync<Dictionary<string, string>>("form => Object.fromEntries(new FormData(form))");
        shown["behavior"] = "allow";
        var (own, other) = ((await forms.Nth(0).GetAttributeAsync("action"))!, (await forms.Nth(1).GetAttributeAsync("action"))!);
        async Task<(HttpStatusCode, string)> PostAsync(string action, string seen, string? shownAt = null)
        {
            using var answer = await browser.PostAsync(
                action, new FormUrlEncodedContent(new Dictionary<string, string>(shown) { ["seen"] = seen, ["shown_at"] = shownAt ?? shown["shown_at"] }));
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        clock.Later += TimeSpan.FromMinutes(1);
        var soon = await PostAsync(own, shown["seen"], clock.GetUtcNow().ToUnixTimeMilliseconds().ToString());
        var unsaid = await PostAsync(own, shown["seen"], "");
        var mistaken = await PostAsync(other, shown["seen"]);
        var blind = await PostAsync(own, "");
        var open = (await node.PermissionsAsync("api")).Select(one => one.State).ToList();
        var good = await PostAsync(own, shown["seen"]);

        Assert.All([soon, unsaid], one => Assert.Contains("only just appeared", one.Item2, StringComparison.Ordinal));
        Assert.All([mistaken, blind], one => Assert.Contains("not the request that you were shown", one.Item2, StringComparison.Ordinal));
        Assert.All([soon, unsaid, mistaken, blind], one => Assert.Equal(HttpStatusCode.Conflict, one.Item1));
        Assert.Equal(["open", "open"], open);
        Assert.Equal(HttpStatusCode.NoContent, good.Item1);
    }

    [Fact]
    [Trait("House", "old")]
    public async Task Without_script_the_next_request_does_not_come_under_the_pointer()
    {
        var clock = new LaterClock();
        await using var node = await NodeHost.StartInProcessAsync(adjust: builder => builder.Services.AddSingleton<TimeProvider>(clock));
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await AskAsync(client, "abcde", "first");
        await AskAsync(client, "fghij", "second");
        await using var visitor = await Visitor.ComeAsync(chromium, node, new() { JavaScriptEnabled = false });
        visitor.Expect("status of 409");
        await visitor.Page.GotoAsync("/login");
        await visitor.Page.GetByLabel("Code").FillAsync(await Visitor.LinkAsync(node));
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "admin/api", Exact = true }).First.ClickAsync();
        var cards = visitor.Page.Locator("#requests .permission");
        await Expect(cards.Locator("pre")).ToHaveTextAsync(["first", "second"]);

        clock.Later += TimeSpan.FromSeconds(2);
        await cards.Nth(0).GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        await Expect(cards.Nth(0).Locator(".chip")).ToContainTextAsync("allowed by console:admin");
        await Expect(cards.Locator("pre")).ToHaveTextAsync(["first", "second"]);
        clock.Later -= TimeSpan.FromSeconds(2); // so that the second press comes too soon, however slow this machine is
        clock.Stop();
        await visitor.Page.ReloadAsync();
        await cards.Nth(1).GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();

        await Expect(visitor.Notice).ToContainTextAsync("only just appeared");
        Assert.Equal("open", (await node.PermissionsAsync("api")).Single(one => one.RequestId == "fghij").State);
    }

    private static string Sent(string state) => state == "relayed" ? "decided" : state;

    // Where everything that can be pressed stands, in the page's order: in the window, or on the page however far it is scrolled.
    private static async Task<string[]> PlacesAsync(Visitor visitor, bool scrolled = true) => await visitor.Page.EvaluateAsync<string[]>(
        """
        scrolled => [...document.querySelectorAll('a[href]:not(.skip), button, summary, textarea')].map(one => {
          const box = one.getBoundingClientRect();
          return `${one.id || one.getAttribute('href') || one.textContent.trim().replace(/\d+/, '')} ${Math.round(box.left)} ${Math.round(box.top + (scrolled ? 0 : scrollY))}`;
        })
        """,
        scrolled);

    private static List<string> Posts(Visitor visitor)
    {
        var posts = new List<string>();
        visitor.Page.Request += (_, request) =>
        {
            if (request.Method == "POST")
            {
                posts.Add(request.Url);
            }
        };
        return posts;
    }

    private static async Task AskAsync(HttpMcpClient client, string id, string command)
    {
        using var asked = await client.NotifyAsync("notifications/claude/channel/permission_request", new JsonObject
        {
            ["request_id"] = id,
            ["tool_name"] = "Bash",
            ["description"] = "Does something",
            ["input_preview"] = new JsonObject { ["command"] = command }.ToJsonString(),
        });
        asked.EnsureSuccessStatusCode();
    }

    private sealed class LaterClock : TimeProvider
    {
        private DateTimeOffset? _stopped;

        public TimeSpan Later { get; set; }

        public void Stop() => _stopped = GetUtcNow();

        public override DateTimeOffset GetUtcNow() => _stopped ?? base.GetUtcNow() + Later;
    }
}
