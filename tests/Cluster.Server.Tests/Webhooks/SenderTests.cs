using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Core.Events;
using Cluster.Core.Webhooks;
using Cluster.Testing;

namespace Cluster.Server.Tests.Webhooks;

/// <summary>Every kind of sender over real HTTP to a real client.</summary>
public sealed class SenderTests(SharedNode shared) : IClassFixture<SharedNode>
{
    public static IEnumerable<TheoryDataRow<string>> Kinds => WebhookSenders.All.Select(sender => new TheoryDataRow<string>(sender.Kind));

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Each_senders_payloads_reach_the_session_once_as_they_were_agreed(string kind)
    {
        var node = await shared.StartedAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, kind);
        var samples = WebhookSamples.All.Where(sample => sample.Kind == kind).ToList();
        var source = await AddAsync(node, samples[0], kind);
        using var http = new HttpClient();
        using var api = node.Api();

        foreach (var sample in samples)
        {
            var (body, now) = (Fresh(sample), DateTimeOffset.UtcNow); // one time: where that is signed, another one makes another delivery
            using var first = await http.SendAsync(sample.Request(source.Url, source.Secret!, body, $"one-{samples.IndexOf(sample)}", now));
            using var again = await http.SendAsync(sample.Request(source.Url, source.Secret!, body, $"one-{samples.IndexOf(sample)}", kind == "buildkite" ? now.AddSeconds(1) : now));
            using var forged = await http.SendAsync(sample.Request(source.Url, sample.Sender.Scheme(sample.Settings).NewSecret(), body));

            var summary = sample.Read(body).Summary;
            Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
            Assert.Equal(HttpStatusCode.OK, again.StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, forged.StatusCode);
            var entered = (await node.SettledAsync(kind)).First(e => e.Name == summary.Name);
            if (summary.FilterReason is { } reason)
            {
                Assert.Equal(("filtered", reason), (entered.State, entered.Reason));
            }
            else
            {
                var pushed = (await client.NextAsync())["params"]!;
                Assert.Equal(Framing.Webhook(summary, "Find out why."), pushed["content"]!.GetValue<string>());
                Assert.Equal(summary.Stranger ? "stranger" : "system", pushed["meta"]!["trust"]!.GetValue<string>());
            }
        }
    }

    [Theory]
    [InlineData("gitlab", "token")]
    [InlineData("bitbucket", null)]
    [InlineData("sentry", null)]
    [InlineData("pagerduty", null)]
    [InlineData("circleci", null)]
    public async Task A_captured_delivery_under_another_id_enters_once(string kind, string? mode)
    {
        var node = await shared.StartedAsync();
        await node.CreateSessionAsync("api");
        var sample = WebhookSamples.All.First(one => one.Kind == kind) with { Settings = new SourceSettings { Mode = mode } };
        var source = await AddAsync(node, sample);
        using var http = new HttpClient();

        var answers = new List<HttpStatusCode>();
        foreach (var id in new[] { "one", "two", "three" })
        {
            using var request = sample.Request(source.Url, source.Secret!, sample.Body, id);
            if (kind == "sentry" && id == "three")
            {
                request.Headers.Remove("Sentry-Hook-Resource"); // nor is this one signed
                request.Headers.Add("Sentry-Hook-Resource", "error");
            }

            using var answer = await http.SendAsync(request);
            answers.Add(answer.StatusCode);
        }

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.OK], answers);
    }

    [Fact]
    public async Task A_mode_is_never_chosen_by_the_delivery()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var http = new HttpClient();
        var timed = WebhookSamples.Find("grafana/firing");
        var untimed = timed with { Settings = new SourceSettings { Mode = "body" } };
        var token = WebhookSamples.Find("gitlab/push");
        var signing = token with { Settings = new SourceSettings { Mode = "signing" } };

        foreach (var (own, other) in new[] { (timed, untimed), (untimed, timed), (signing, token) })
        {
            var source = await AddAsync(node, own);
            using var refused = await http.SendAsync(other.Request(source.Url, source.Secret!, own.Body));
            using var accepted = await http.SendAsync(own.Request(source.Url, source.Secret!, own.Body));

            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        }
    }

    [Fact]
    public async Task A_body_over_its_kinds_cap_is_refused_and_one_below_it_enters()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var http = new HttpClient();
        var sample = WebhookSamples.Find("alertmanager/firing");
        var source = await AddAsync(node, sample);
        byte[] Padded(int length) => [.. sample.Body, .. Enumerable.Repeat((byte)' ', length - sample.Body.Length)];

        using var over = await http.SendAsync(sample.Request(source.Url, source.Secret!, Padded((1024 * 1024) + 1)));
        using var below = await http.SendAsync(sample.Request(source.Url, source.Secret!, Padded(1024 * 1024)));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, over.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, below.StatusCode);
    }

    [Fact]
    public async Task A_list_of_cloud_events_that_does_not_call_itself_a_batch_is_refused_whole_and_its_sender_told_why()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var http = new HttpClient();
        using var api = node.Api();
        var sample = WebhookSamples.Find("cloudevents/structured");
        var source = await AddAsync(node, sample);
        using var request = sample.Request(source.Url, source.Secret!, [(byte)'[', .. sample.Body, (byte)',', .. sample.Body, (byte)']']);
        request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");

        using var refused = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
        Assert.Contains("send events one by one", await refused.Content.ReadAsStringAsync());
        Assert.Empty((await api.GetFromJsonAsync("/api/events?session=api", ApiJson.Default.IReadOnlyListEventInfo))!);
    }

    [Fact]
    public async Task A_cloud_event_comes_under_its_own_content_type()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var http = new HttpClient();
        var sample = WebhookSamples.Find("cloudevents/structured");
        var source = await AddAsync(node, sample);
        using var request = sample.Request(source.Url, source.Secret!, sample.Body);
        request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse("application/cloudevents+json; charset=utf-8");

        using var accepted = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
    }

    [Fact]
    public async Task Only_who_proves_itself_is_told_what_is_wrong_with_its_body()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        using var http = new HttpClient();
        var sample = WebhookSamples.Find("alertmanager/firing");
        var source = await AddAsync(node, sample);
        async Task<HttpResponseMessage> SendAsync(string secret, string type)
        {
            using var request = sample.Request(source.Url, secret, sample.Body);
            request.Content!.Headers.ContentType = new MediaTypeHeaderValue(type);
            return await http.SendAsync(request);
        }

        using var form = await SendAsync(source.Secret!, "application/x-www-form-urlencoded");
        using var stranger = await SendAsync("0000", "application/x-www-form-urlencoded");
        using var other = await SendAsync("0000", "application/json");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, form.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        Assert.Equal(await other.Content.ReadAsStringAsync(), await stranger.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_source_over_its_rate_waits_while_others_go_on()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:WebhooksPerSecond=1"]);
        await node.CreateSessionAsync("api");
        using var http = new HttpClient();
        var sample = WebhookSamples.Find("datadog/event.default_payload.triggered");
        var (noisy, quiet) = (await AddAsync(node, sample), await AddAsync(node, sample));

        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 14; i++)
        {
            answers.Add(await http.SendAsync(sample.Request(noisy.Url, noisy.Secret!, Encoding.UTF8.GetBytes($$"""{"id":"{{i}}","title":"[Triggered] x"}"""))));
        }

        using var other = await http.SendAsync(sample.Request(quiet.Url, quiet.Secret!, sample.Body));

        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable);
        Assert.True(refused.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Contains("faster than its limit", await refused.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);
    }

    [Fact]
    public async Task A_signed_delivery_without_a_name_is_recorded_once()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        using var http = new HttpClient();
        HttpRequestMessage Nameless()
        {
            var request = github.Request(GitHubSender.CheckRun);
            request.Headers.Remove("X-GitHub-Event");
            request.Headers.Remove("X-GitHub-Delivery");
            return request;
        }

        using var first = await http.SendAsync(Nameless());
        using var again = await http.SendAsync(Nameless());

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.OK], [first.StatusCode, again.StatusCode]);
        using var api = node.Api();
        var only = Assert.Single((await api.GetFromJsonAsync("/api/events?session=api", ApiJson.Default.IReadOnlyListEventInfo))!);
        Assert.Equal(("github.unknown", "filtered", "no event name"), (only.Name, only.State, only.Reason));
    }

    private static async Task<NewSource> AddAsync(NodeHost node, WebhookSample sample, string session = "api")
    {
        using var api = node.Api();
        var given = sample.Sender.MakesSecret(sample.Settings) ? sample.Sender.Scheme(sample.Settings).NewSecret() : null;
        var request = new AddSource
        {
            Kind = sample.Kind,
            Name = $"s{Guid.NewGuid():N}"[..12],
            Session = session,
            Playbook = "Find out why.",
            Settings = sample.Settings,
            Secret = given,
        };
        var added = await api.PostAsJsonAsync("/api/sources", request, ApiJson.Default.AddSource);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        var source = (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
        return source with { Secret = source.Secret ?? given };
    }

    // Two samples of PagerDuty stand for one event; here each is its own.
    private static byte[] Fresh(WebhookSample sample)
    {
        var json = JsonNode.Parse(sample.Body)!;
        if (sample.Kind == "pagerduty")
        {
            json["event"]!["id"] = Guid.NewGuid().ToString();
        }

        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }
}
