using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Testing;

namespace Cluster.Server.Tests.Webhooks;

/// <summary>Batches, binary mode and the question by OPTIONS, over real HTTP.</summary>
public sealed class CloudEventPathTests
{
    private const string BatchType = "application/cloudevents-batch+json; charset=utf-8";

    [Fact]
    public async Task Each_event_of_a_batch_enters_once_however_often_and_in_whatever_mode_it_comes()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var source = await AddAsync(node);
        using var http = new HttpClient();

        using var first = await http.SendAsync(Batch(source, 1, 2));
        using var more = await http.SendAsync(Batch(source, 2, 3));
        using var again = await http.SendAsync(Batch(source, 1, 2, 3));
        using var single = await http.SendAsync(Post(source, Event(3), "application/cloudevents+json"));
        using var binary = Post(source, "{\"a\":1}", "application/json");
        foreach (var (name, value) in new[] { ("ce-specversion", "1.0"), ("ce-id", "2"), ("ce-source", "/s"), ("ce-type", "t") })
        {
            binary.Headers.Add(name, value);
        }

        using var known = await http.SendAsync(binary);
        using var empty = await http.SendAsync(Batch(source));

        Assert.Equal(
            [HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK],
            [first.StatusCode, more.StatusCode, again.StatusCode, single.StatusCode, known.StatusCode, empty.StatusCode]);
        Assert.Equal(3, (await EventsAsync(node)).Count);
    }

    [Fact]
    public async Task A_batch_of_which_a_part_finds_no_room_is_repaired_by_the_senders_next_try()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:MailboxWaiting=2"]);
        await node.CreateSessionAsync("api");
        var source = await AddAsync(node);
        using var http = new HttpClient();

        using var refused = await http.SendAsync(Batch(source, 1, 2, 3));
        var entered = await EventsAsync(node);
        using var api = node.Api();
        using var cancelled = await api.PostAsync($"/api/sessions/me/api/events/{entered[0].Id}/cancel", null);
        using var again = await http.SendAsync(Batch(source, 1, 2, 3));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(2, entered.Count);
        Assert.True(cancelled.IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.Equal(3, (await EventsAsync(node)).Count);
    }

    [Fact]
    public async Task A_batch_larger_than_the_limit_of_its_source_enters_since_it_counts_once()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:WebhooksPerSecond=1"]);
        await node.CreateSessionAsync("api");
        var source = await AddAsync(node);
        using var http = new HttpClient();

        using var entered = await http.SendAsync(Batch(source, [.. Enumerable.Range(1, 40)]));

        Assert.Equal(HttpStatusCode.Accepted, entered.StatusCode);
        Assert.Equal(40, (await EventsAsync(node)).Count);
    }

    [Fact]
    public async Task A_batch_of_more_than_a_hundred_events_is_refused_whole()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var source = await AddAsync(node);
        using var http = new HttpClient();

        using var refused = await http.SendAsync(Batch(source, [.. Enumerable.Range(1, 101)]));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.Contains("100 events", await refused.Content.ReadAsStringAsync());
        Assert.Empty(await EventsAsync(node));
    }

    [Fact]
    public async Task A_sender_that_asks_first_is_let_in_by_a_configured_name_only_and_strangers_learn_nothing()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var asked = await AddAsync(node, "events.example.com");
        var silent = await AddAsync(node);
        using var http = new HttpClient();
        async Task<(HttpStatusCode, string?, string?, string)> AskAsync(string url, params string[] origins)
        {
            using var request = new HttpRequestMessage(HttpMethod.Options, url);
            foreach (var origin in origins)
            {
                request.Headers.TryAddWithoutValidation("WebHook-Request-Origin", origin);
            }

            request.Headers.Add("WebHook-Request-Rate", "120");
            using var answer = await http.SendAsync(request);
            return (answer.StatusCode, Header(answer, "WebHook-Allowed-Origin"), Header(answer, "WebHook-Allowed-Rate"), await answer.Content.ReadAsStringAsync());
        }

        var consent = await AskAsync(asked.Url, "events.example.com");
        var others = new[]
        {
            await AskAsync(asked.Url, "evil.example.com"), await AskAsync(asked.Url), await AskAsync(asked.Url, "*"),
            await AskAsync(silent.Url, "events.example.com"), await AskAsync($"{node.Url}/hooks/{new string('0', 32)}", "events.example.com"),
            await AskAsync($"{node.Url}/hooks/short", "events.example.com"),
        };

        Assert.Equal((HttpStatusCode.OK, "events.example.com", "30000", ""), consent);
        Assert.All(others, answer => Assert.Equal((HttpStatusCode.MethodNotAllowed, null, null, others[0].Item4), answer));
    }

    [Fact]
    public async Task A_token_in_the_address_proves_nothing()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var source = await AddAsync(node);
        using var http = new HttpClient();
        using var request = Post(source with { Url = $"{source.Url}?access_token={source.Secret}" }, Event(1), "application/cloudevents+json");
        request.Headers.Authorization = null;

        using var refused = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    private static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join("|", values) : null;

    private static string Event(int id) => $$"""{"data":{"n":{{id}} },"specversion":"1.0","id":"{{id}}","source":"/s","type":"t"}""";

    private static HttpRequestMessage Batch(NewSource source, params int[] ids) => Post(source, $"[{string.Join(",", ids.Select(Event))}]", BatchType);

    private static HttpRequestMessage Post(NewSource source, string body, string type)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, source.Url) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", source.Secret);
        return request;
    }

    private static async Task<IReadOnlyList<EventInfo>> EventsAsync(NodeHost node)
    {
        using var api = node.Api();
        return (await api.GetFromJsonAsync("/api/events?session=api&limit=200", ApiJson.Default.IReadOnlyListEventInfo))!;
    }

    private static async Task<NewSource> AddAsync(NodeHost node, params string[] origins)
    {
        using var api = node.Api();
        var settings = new SourceSettings { Origins = origins.Length > 0 ? origins : null };
        using var added = await api.PostAsJsonAsync(
            "/api/sources", new AddSource { Kind = "cloudevents", Name = $"s{Guid.NewGuid():N}"[..12], Session = "api", Settings = settings }, ApiJson.Default.AddSource);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        return (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
    }
}
