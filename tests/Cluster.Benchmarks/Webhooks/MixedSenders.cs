using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Benchmarks.Accept;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Benchmarks.Webhooks;

/// <summary>Sources of every kind of sender, and deliveries of them that were signed before the clock runs.</summary>
internal sealed class MixedSenders(string url, string token)
{
    // What a sender's dedupe goes by, where it stands in the body.
    private static readonly Dictionary<string, string[]> Ids = new()
    {
        ["pagerduty"] = ["event", "id"],
        ["circleci"] = ["id"],
        ["buildkite"] = ["detail", "build", "uuid"],
        ["cloudevents"] = ["id"],
        ["generic"] = ["event", "id"],
        ["sentry"] = ["data", "event", "event_id"],
        ["datadog"] = ["id"],
        ["jenkins"] = ["build", "timestamp"],
    };

    private static readonly string[] NamedInHeaders = ["github", "gitlab", "bitbucket", "standard-webhooks"];

    private readonly List<(WebhookSample Sample, string Url, string Secret)> _sources = [];

    private Target _loud = null!;

    public int Count => _sources.Count;

    /// <summary>A source of each kind, for a session of its own.</summary>
    public async Task AddAllAsync()
    {
        using var api = new HttpClient { BaseAddress = new Uri(url), DefaultRequestHeaders = { Authorization = new("Bearer", token) } };
        foreach (var kind in WebhookSamples.All.GroupBy(sample => sample.Kind))
        {
            var (url, secret) = await AddAsync(api, kind.First(), kind.Key);

            // What names itself by nothing that could be made new, such as a ping, would be a repeat.
            _sources.AddRange(kind.Where(IsNewEachTime).Select(sample => (sample, url, secret)));
        }

        var (loudUrl, loudSecret) = await AddAsync(api, WebhookSamples.Find("github/check_run.completed.failure"), "loud");
        _loud = new Target(new Uri(loudUrl), loudSecret);
    }

    /// <summary>Deliveries of all samples in turn, none like another.</summary>
    public IReadOnlyList<HttpRequestMessage> Sign(int count) =>
        [.. Enumerable.Range(0, count).Select(i => Sign(_sources[i % _sources.Count]))];

    /// <summary>Deliveries of one more source, none like another, as bytes: who shouts shall cost the machine little.</summary>
    public SignedRequests SignLoud(int count) => SignedRequests.Sign(_loud, count);

    private static async Task<(string Url, string Secret)> AddAsync(HttpClient api, WebhookSample sample, string name)
    {
        (await api.PostAsync($"/api/sessions/admin/{name}", null)).EnsureSuccessStatusCode();
        var given = sample.Sender.MakesSecret(sample.Settings) ? sample.Sender.Scheme(sample.Settings).NewSecret() : null;
        var added = await api.PostAsJsonAsync(
            "/api/sources",
            new AddSource { Kind = sample.Kind, Name = name, Session = name, Playbook = "Find out why.", Settings = sample.Settings, Secret = given },
            ApiJson.Default.AddSource);
        added.EnsureSuccessStatusCode();
        var source = (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
        return (source.Url, source.Secret ?? given!);
    }

    private static bool IsNewEachTime(WebhookSample sample)
    {
        var (one, other) = (sample.Read(Fresh(sample, Guid.NewGuid().ToString())), sample.Read(Fresh(sample, Guid.NewGuid().ToString())));
        return one.Id is null || one.Id != other.Id || NamedInHeaders.Contains(sample.Kind);
    }

    private static HttpRequestMessage Sign((WebhookSample Sample, string Url, string Secret) source)
    {
        var id = Guid.NewGuid().ToString();
        return source.Sample.Request(source.Url, source.Secret, Fresh(source.Sample, id), id);
    }

    private static byte[] Fresh(WebhookSample sample, string id)
    {
        var json = JsonNode.Parse(sample.Body)!;
        json["benchmark"] = id; // where the body's hash is what it is known by
        if (Ids.TryGetValue(sample.Kind, out var path))
        {
            var at = json;
            foreach (var step in path[..^1])
            {
                at = at?[step];
            }

            if (at is JsonObject last)
            {
                last[path[^1]] = id;
            }
        }

        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }
}
