using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Verification;
using Cluster.Testing;

namespace Cluster.Server.Tests.Webhooks;

/// <summary>Whoever captured a good delivery sends it again and again, to every node at once.</summary>
public sealed class CapturedDeliveryTests
{
    private const int PerNode = 4;

    // Headers that carry an id which the signature does not cover.
    private static readonly string[] LooseIds = ["X-GitHub-Delivery", "X-Request-UUID", "X-Webhook-Id", "Request-ID", "X-Gitlab-Event-UUID"];

    [Fact]
    public async Task Each_known_answer_that_is_replayed_with_new_ids_over_three_nodes_at_once_enters_once()
    {
        await using var cluster = await ClusterHost.StartAsync(3);
        await cluster[0].CreateSessionAsync("api");
        using var http = new HttpClient();
        using var api = cluster[0].Api();

        // Of a public key's owner nothing can be signed here.
        var vectors = Read().Where(vector => vector.GetProperty("valid").GetBoolean() && !vector.GetProperty("secret").GetString()!.StartsWith("whpk_", StringComparison.Ordinal)).ToList();
        Assert.True(vectors.Count > 10);

        foreach (var vector in vectors)
        {
            var (kind, body) = (vector.GetProperty("source").GetString()!, Encoding.UTF8.GetBytes(vector.GetProperty("body").GetString()!));
            var headers = vector.GetProperty("headers").EnumerateObject()
                .Where(header => !header.Name.StartsWith("svix-", StringComparison.OrdinalIgnoreCase)) // signed anew under the standard's own names
                .ToDictionary(header => header.Name, header => header.Value.GetString()!);
            var source = await AddAsync(api, kind, ModeOf(kind, headers), vector.GetProperty("secret").GetString()!);
            var now = DateTimeOffset.UtcNow;
            foreach (var (name, value) in source.Scheme.Sign(source.Secret, "captured", now, body))
            {
                headers[name] = value; // the vector's own time has passed
            }

            var answers = await Task.WhenAll(cluster.Nodes.SelectMany(node => Enumerable.Range(0, PerNode).Select(async _ =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, node.Url + source.Path) { Content = new ByteArrayContent(body) };
                request.Content.Headers.ContentType = new("application/json");
                foreach (var (name, value) in headers)
                {
                    request.Headers.TryAddWithoutValidation(name, value);
                }

                foreach (var name in LooseIds)
                {
                    request.Headers.Remove(name);
                    request.Headers.TryAddWithoutValidation(name, Guid.NewGuid().ToString());
                }

                using var answer = await http.SendAsync(request);
                return answer.StatusCode;
            })));

            Assert.All(answers, status => Assert.True(status is HttpStatusCode.Accepted or HttpStatusCode.OK, $"{kind}: {status}"));
            Assert.True(answers.Count(status => status == HttpStatusCode.Accepted) == 1, $"{kind}: {string.Join(", ", answers)}");
        }

        var entered = (await api.GetFromJsonAsync("/api/events?session=api&limit=200", ApiJson.Default.IReadOnlyListEventInfo))!;
        Assert.Equal(vectors.Count, entered.Count);
    }

    private static string? ModeOf(string kind, Dictionary<string, string> headers) =>
        kind == "gitlab" ? "signing" : kind == "grafana" && headers.Count == 1 ? "body" : null;

    private static async Task<(WebhookScheme Scheme, string Secret, string Path)> AddAsync(HttpClient api, string kind, string? mode, string secret)
    {
        var settings = new SourceSettings { Mode = mode };
        var sender = WebhookSenders.Find(kind)!;
        var scheme = sender.Scheme(settings);
        var known = sender.MakesSecret(settings) ? (secret.Length < 16 ? scheme.NewSecret() : secret) : null;
        var added = await api.PostAsJsonAsync(
            "/api/sources",
            new AddSource { Kind = kind, Name = $"s{Guid.NewGuid():N}"[..12], Session = "api", Playbook = "Find out why.", Settings = settings, Secret = known },
            ApiJson.Default.AddSource);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        var source = (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
        return (scheme, source.Secret ?? known!, new Uri(source.Url).AbsolutePath);
    }

    private static List<JsonElement> Read() =>
        [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(WebhookSamples.Folder, "signature-vectors.json"))).RootElement.EnumerateArray()];
}
