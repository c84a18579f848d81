using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Webhooks;

public sealed class GitHubWebhookTests(SharedNode shared) : IClassFixture<SharedNode>
{
    [Fact]
    public async Task A_delivery_enters_once_whatever_is_changed_about_its_envelope()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        using var http = new HttpClient();

        using var first = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        using var again = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        using var newId = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "two");
        using var sameIdOtherBody = await github.SendAsync(GitHubSender.CheckRunNumber(7), deliveryId: "one");
        var storm = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => github.SendAsync(GitHubSender.CheckRun, deliveryId: $"storm-{i}")));

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.All([again, newId, sameIdOtherBody, .. storm], repeat => Assert.Equal(HttpStatusCode.OK, repeat.StatusCode));
        using var api = node.Api();
        var only = Assert.Single((await api.GetFromJsonAsync("/api/events?session=api", ApiJson.Default.IReadOnlyListEventInfo))!);
        Assert.All(only.History, note => Assert.EndsWith("duplicate dropped", note));
        Assert.NotEmpty(only.History);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("sha1 only")]
    [InlineData("doubled")]
    [InlineData("upper case")]
    [InlineData("other secret")]
    [InlineData("other body")]
    [InlineData("base64")]
    [InlineData("padded")]
    [InlineData("empty")]
    public async Task A_forged_signature_gets_one_constant_answer_and_stores_nothing(string forgery)
    {
        var node = await shared.StartedAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api", name: $"ci-{Guid.NewGuid():N}");
        using var http = new HttpClient();
        using var request = github.Request(GitHubSender.CheckRun);
        var valid = request.Headers.GetValues("X-Hub-Signature-256").Single();
        request.Headers.Remove("X-Hub-Signature-256");
        string[] forged = forgery switch
        {
            "missing" or "sha1 only" => [],
            "doubled" => [valid, valid],
            "upper case" => [valid.ToUpperInvariant()],
            "other secret" => [GitHubSender.Sign("x", Encoding.UTF8.GetBytes(GitHubSender.CheckRun))],
            "other body" => [GitHubSender.Sign("x", "{}"u8)],
            "base64" => ["sha256=" + Convert.ToBase64String(Convert.FromHexString(valid[7..]))],
            "padded" => [valid + "00"],
            _ => [""],
        };
        foreach (var signature in forged)
        {
            request.Headers.TryAddWithoutValidation("X-Hub-Signature-256", signature);
        }

        if (forgery == "sha1 only")
        {
            request.Headers.Add("X-Hub-Signature", "sha1=" + new string('0', 40));
        }

        using var refused = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(
            """{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.2","title":"Unauthorized","status":401,"detail":"The event is not signed with this source's secret."}""",
            await refused.Content.ReadAsStringAsync());
        using var api = node.Api();
        Assert.Empty((await api.GetFromJsonAsync("/api/events?session=api", ApiJson.Default.IReadOnlyListEventInfo))!);
    }

    [Theory]
    [InlineData("not json at all", "github.unreadable")]
    [InlineData("[]", "github.unreadable")]
    [InlineData("""{"action":"completed","action":"completed"}""", "github.unreadable")]
    [InlineData("""{"action":"completed","check_run":{"conclusion":"failure","name":"\ud800"}}""", "github.check_run")]
    public async Task A_signed_body_that_is_no_proper_event_is_recorded_and_wakes_nobody(string body, string name)
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");

        using var answer = await github.SendAsync(body);
        using var tooDeep = await github.SendAsync($"{string.Concat(Enumerable.Repeat("{\"a\":", 200))}1{new string('}', 200)}");
        using var next = await github.SendAsync(GitHubSender.CheckRun);

        Assert.All([answer, tooDeep, next], accepted => Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode));
        using var api = node.Api();
        var events = (await api.GetFromJsonAsync("/api/events?session=api", ApiJson.Default.IReadOnlyListEventInfo))!;
        Assert.Equal([name, "github.unreadable", "github.check_run"], events.Reverse().Select(e => e.Name));
        Assert.All(events.Where(e => e.Name == "github.unreadable"), e => Assert.Equal(("filtered", "unreadable"), (e.State, e.Reason)));
    }

    [Fact]
    public async Task What_should_wake_nobody_is_accepted_and_recorded_as_filtered()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");

        using var ping = await github.SendAsync(GitHubSender.Sample("ping.json"), "ping");
        using var success = await github.SendAsync(GitHubSender.Sample("workflow_run.completed.json"), "workflow_run");

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Accepted], [ping.StatusCode, success.StatusCode]);
        var events = await node.SettledAsync("api");
        Assert.Equal(
            [("github.workflow_run", "filtered", "not a failure"), ("github.ping", "filtered", "ping")],
            events.Select(e => (e.Name, e.State, e.Reason!)));
    }

    [Fact]
    public async Task A_body_over_the_cap_is_refused_declared_or_chunked()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        using var http = new HttpClient();
        using var honest = github.Request("{}");
        using var declared = await RawHttp.OpenAsync(node.Url, Head(honest, "Content-Length: 30000000"));
        using var chunked = await RawHttp.OpenAsync(node.Url, Head(honest, "Transfer-Encoding: chunked"));

        var atOnce = await declared.ReadAllAsync();
        var mebibyte = new byte[1024 * 1024];
        var size = Encoding.ASCII.GetBytes(mebibyte.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n");
        try
        {
            for (var i = 0; i < 30; i++)
            {
                await chunked.SendAsync(size);
                await chunked.SendAsync(mebibyte);
                await chunked.SendAsync("\r\n"u8.ToArray());
            }
        }
        catch (IOException)
        {
            // the node has hung up, as it should
        }

        using var next = await github.SendAsync(GitHubSender.CheckRun);

        Assert.StartsWith("HTTP/1.1 413", atOnce.Text);
        Assert.True(await chunked.EndsAsync());
        Assert.Equal(HttpStatusCode.Accepted, next.StatusCode);
    }

    [Fact]
    public async Task A_body_that_comes_too_slowly_is_cut_off()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        using var honest = github.Request("{}");
        using var slow = await RawHttp.OpenAsync(node.Url, Head(honest, "Content-Length: 1000") + "{");

        var (ended, text) = await slow.ReadAllAsync(15);

        Assert.True(ended);
        Assert.DoesNotContain("HTTP/1.1 2", text);
    }

    [Fact]
    public async Task A_full_mailbox_answers_503_with_its_reason_and_drops_nothing_that_it_holds()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:MailboxWaiting=3"]);
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 5; i++)
        {
            answers.Add(await github.SendAsync(GitHubSender.CheckRunNumber(i)));
        }

        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        for (var i = 0; i < 3; i++)
        {
            await client.NextAsync();
        }

        await node.UntilAsync("api", "3", "received");
        using var afterwards = await github.SendAsync(GitHubSender.CheckRunNumber(4));

        Assert.Equal([202, 202, 202, 503, 503], answers.Select(a => (int)a.StatusCode));
        Assert.Contains("mailbox is full (3 wait)", await answers[3].Content.ReadAsStringAsync());
        Assert.True(answers[3].Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Equal(HttpStatusCode.Accepted, afterwards.StatusCode);
    }

    [Fact]
    public async Task While_the_engine_is_away_webhooks_get_503_and_enter_when_they_come_again()
    {
        await using var cluster = await ClusterHost.StartAsync(1);
        await cluster[0].CreateSessionAsync("api");
        var github = await cluster[0].AddSourceAsync("api");

        await PostgresServer.SetAwayAsync(cluster.ConnectionString, away: true);
        using var refused = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        await PostgresServer.SetAwayAsync(cluster.ConnectionString, away: false);
        using var accepted = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
    }

    [Fact]
    public async Task The_old_secret_of_a_source_that_is_added_again_while_an_event_comes_in_is_worth_nothing()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var before = await node.AddSourceAsync("api");
        using var api = node.Api();

        using var refused = await HeldBody.SendAsync(before.Request(GitHubSender.CheckRun), async () =>
        {
            (await api.DeleteAsync("/api/sources/ci")).EnsureSuccessStatusCode();
            await node.AddSourceAsync("api");
        });

        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.Empty((await api.GetFromJsonAsync("/api/events?session=api", ApiJson.Default.IReadOnlyListEventInfo))!);
    }

    [Fact]
    public async Task A_removed_source_is_no_address_any_more()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        using var before = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        using var api = node.Api();

        using var removed = await api.DeleteAsync("/api/sources/ci");
        using var after = await github.SendAsync(GitHubSender.CheckRunNumber(2));
        using var unknown = await new HttpClient().PostAsync($"{node.Url}/hooks/{new string('0', 32)}", null);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var waited = await node.UntilAsync("api", "1", "dead");

        Assert.Equal(HttpStatusCode.Accepted, before.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, after.StatusCode);
        Assert.Equal(await unknown.Content.ReadAsStringAsync(), await after.Content.ReadAsStringAsync());
        Assert.Equal("revoked", waited.Reason);
    }

    private static string Head(HttpRequestMessage request, string length)
    {
        var head = new StringBuilder($"POST {request.RequestUri!.AbsolutePath} HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\n{length}\n");
        foreach (var (name, values) in request.Headers)
        {
            head.Append($"{name}: {values.Single()}\n");
        }

        return head.Append('\n').ToString();
    }
}
