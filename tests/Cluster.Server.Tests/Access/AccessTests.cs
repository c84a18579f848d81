using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Access;

public sealed class AccessTests(SharedNode shared) : IClassFixture<SharedNode>
{
    [Fact]
    public async Task A_stranger_gets_the_same_answer_for_a_session_of_others_as_for_one_that_never_was()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var bob = await node.InviteAsync("bob");
        using var api = node.Api(bob);
        string[] paths = ["", "/messages", "/access"];

        var answers = new List<(string Existing, string Unknown)>();
        foreach (var path in paths)
        {
            answers.Add((await TextAsync(await api.GetAsync($"/api/sessions/admin/api{path}")), await TextAsync(await api.GetAsync($"/api/sessions/admin/nope{path}"))));
        }

        answers.Add((await TextAsync(await SendAsync(api, "admin/api")), await TextAsync(await SendAsync(api, "admin/nope"))));
        answers.Add((
            await TextAsync(await api.PutAsync("/api/sessions/admin/api/access/console:bob/talk", null)),
            await TextAsync(await api.PutAsync("/api/sessions/admin/nope/access/console:bob/talk", null))));
        answers.Add((await TextAsync(await api.GetAsync("/api/events?session=admin/api")), await TextAsync(await api.GetAsync("/api/events?session=admin/nope"))));

        Assert.All(answers, pair => Assert.Equal(pair.Existing, pair.Unknown));
        Assert.All(answers, pair => Assert.StartsWith("404 ", pair.Existing));
        Assert.Empty((await api.GetFromJsonAsync("/api/sessions", ApiJson.Default.IReadOnlyListSessionInfo))!);
    }

    [Theory]
    [InlineData("talk", true, false, false)]
    [InlineData("watch", false, true, false)]
    [InlineData("approve", false, false, true)]
    public async Task Each_role_opens_its_own_door_and_no_other(string role, bool talks, bool watches, bool approves)
    {
        await using var node = await NodeHost.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var bob = await node.InviteAsync("bob");
        await node.TellAsync("api", "between owner and session");
        await client.NotifyAsync("notifications/claude/channel/permission_request", PermissionRequest("abcde"));
        await node.AllowAsync("console:bob", "api", role);
        using var api = node.Api(bob);

        using var sent = await SendAsync(api, "admin/api");
        var lines = await api.GetFromJsonAsync("/api/sessions/admin/api/messages", ApiJson.Default.IReadOnlyListConversationLine);
        var requests = await node.PermissionsAsync("admin/api", bob);
        var mine = Assert.Single(await node.PermissionsAsync("api"));
        using var decided = await node.DecideAsync(mine.Id, "allow", bob);

        Assert.Equal(talks ? HttpStatusCode.Accepted : HttpStatusCode.Forbidden, sent.StatusCode);
        Assert.Equal(watches, lines!.Any(l => l.Text == "between owner and session"));
        Assert.Equal(approves, requests.Count == 1);
        Assert.Equal(approves ? HttpStatusCode.OK : HttpStatusCode.NotFound, decided.StatusCode);
    }

    [Fact]
    public async Task After_a_revocation_nothing_of_that_identity_enters_leaves_or_arrives()
    {
        await using var node = await NodeHost.StartAsync();
        var bob = await node.InviteAsync("bob");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await node.AllowAsync("console:bob", "api", "talk");
        await node.AllowAsync("console:bob", "api", "approve");
        await node.TellAsync("admin/api", "warms every cache", bob);
        await client.NextAsync();
        await client.CloseStreamAsync();
        var waiting = await node.TellAsync("admin/api", "waits while the session is away", bob);
        await client.NotifyAsync("notifications/claude/channel/permission_request", PermissionRequest("abcde"));
        var request = Assert.Single(await node.PermissionsAsync("api"));
        using var verdict = await node.DecideAsync(request.Id, "allow", bob);

        await node.RevokeAsync("console:bob", "api");
        using var api = node.Api(bob);
        using var refused = await SendAsync(api, "admin/api");
        var reply = await client.CallAsync("reply", new JsonObject { ["chat_id"] = "console:bob", ["text"] = "for bob" });
        await client.OpenStreamAsync();
        var marker = await node.TellAsync("api", "from the owner");
        var next = await client.NextAsync();

        Assert.Equal(HttpStatusCode.OK, verdict.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.Equal("error: Nothing was sent: console:bob may no longer talk to this session.", reply);
        Assert.Equal(marker, next["params"]?["meta"]?["event_id"]?.GetValue<string>());
        var dead = await node.EventAsync("api", waiting);
        Assert.Equal(("dead", "revoked"), (dead.State, dead.Reason));
        var closed = Assert.Single(await node.PermissionsAsync("api"));
        Assert.Equal(("closed", "the approver's right was revoked before the verdict arrived"), (closed.State, closed.Reason));
    }

    [Fact]
    public async Task While_a_sender_is_revoked_under_load_none_of_theirs_enters_after_the_revocation()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:MessagesPerMinute=1000000"]);
        await node.CreateSessionAsync("api");
        var bob = await node.InviteAsync("bob");
        await node.AllowAsync("console:bob", "api", "talk");
        using var api = node.Api(bob);
        var accepted = 0;
        var senders = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (true)
            {
                using var sent = await SendAsync(api, "admin/api");
                if (sent.StatusCode != HttpStatusCode.Accepted)
                {
                    return sent.StatusCode;
                }

                Interlocked.Increment(ref accepted);
            }
        }).ToArray();
        await WaitAsync(() => Volatile.Read(ref accepted) > 50);

        await node.RevokeAsync("console:bob", "api");
        using var owner = node.Api();
        var marker = long.Parse(await node.TellAsync("api", "after the revocation"));
        var ends = await Task.WhenAll(senders);
        var events = await owner.GetFromJsonAsync("/api/events?session=api&limit=200", ApiJson.Default.IReadOnlyListEventInfo);

        Assert.All(ends, end => Assert.Equal(HttpStatusCode.NotFound, end));
        Assert.DoesNotContain(events!, e => e.Sender == "console:bob" && long.Parse(e.Id) > marker);
    }

    [Fact]
    public async Task Revoking_a_token_ends_its_stream_within_two_seconds_and_its_MCP_session_for_good()
    {
        await using var node = await NodeHost.StartAsync();
        var bob = await node.InviteAsync("bob");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, bob, "his");
        using var api = node.Api();
        var token = (await api.GetFromJsonAsync("/api/tokens", ApiJson.Default.IReadOnlyListTokenInfo))!.Single(t => t.Principal == "bob");

        using var revoked = await api.DeleteAsync($"/api/tokens/{token.Id}");
        await client.StreamEnded.WaitAsync(TimeSpan.FromSeconds(2));
        using var get = await client.GetAsync();

        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, get.StatusCode);
    }

    [Fact]
    public async Task A_token_that_is_revoked_while_the_body_of_its_call_comes_in_makes_no_other()
    {
        await using var node = await NodeHost.StartAsync();
        using var api = node.Api();
        using var added = await api.PostAsJsonAsync("/api/tokens", new AddToken { Label = "late" }, ApiJson.Default.AddToken);
        var late = (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewToken))!;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{node.Url}/api/tokens")
        {
            Content = JsonContent.Create(new AddToken { Label = "another" }, ApiJson.Default.AddToken),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", late.Token);

        using var refused = await HeldBody.SendAsync(
            request, async () => (await api.DeleteAsync($"/api/tokens/{late.Id}")).EnsureSuccessStatusCode());

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains("cluster login", await refused.Content.ReadAsStringAsync());
        var tokens = (await api.GetFromJsonAsync("/api/tokens", ApiJson.Default.IReadOnlyListTokenInfo))!;
        Assert.DoesNotContain(tokens, token => token.Label == "another");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("clt_wrong")]
    [InlineData("Basic clt_wrong")]
    public async Task Without_a_valid_token_every_door_answers_401_and_says_what_to_do(string? token)
    {
        var node = await shared.StartedAsync();
        using var http = new HttpClient { BaseAddress = new Uri(node.Url) };
        if (token is not null)
        {
            http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", token.StartsWith("Basic", StringComparison.Ordinal) ? token : $"Bearer {token}");
        }

        using var mcp = await http.PostAsync("/mcp", new StringContent("{}", System.Text.Encoding.UTF8, "application/json"));
        using var stream = await http.GetAsync("/mcp");
        using var api = await http.GetAsync("/api/sessions");

        Assert.All([mcp, stream, api], answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode));
        Assert.Contains("cluster login", await api.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("evil.example.com", null, 403)]
    [InlineData("127.0.0.1", "http://evil.example.com", 403)]
    [InlineData("127.0.0.1", "null", 403)]
    [InlineData("localhost:1", "http://127.0.0.1:1", 403)]
    [InlineData("localhost:1", "http://localhost:1", 200)]
    [InlineData("127.0.0.1:99", null, 200)]
    public async Task Calls_under_another_name_or_from_another_sites_page_are_refused(string host, string? origin, int status)
    {
        var node = await shared.StartedAsync();
        using var http = node.Api();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me");
        request.Headers.Host = host;
        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
        }

        using var answer = await http.SendAsync(request);

        Assert.Equal(status, (int)answer.StatusCode);
    }

    internal static JsonObject PermissionRequest(string id) => new()
    {
        ["request_id"] = id,
        ["tool_name"] = "Bash",
        ["description"] = "Run it",
        ["input_preview"] = """{"command":"ls"}""",
    };

    private static Task<HttpResponseMessage> SendAsync(HttpClient api, string session) =>
        api.PostAsJsonAsync($"/api/sessions/{session}/messages", new SendMessage { Text = "hello" }, ApiJson.Default.SendMessage);

    private static async Task<string> TextAsync(HttpResponseMessage answer) => $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";

    private static async Task WaitAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
