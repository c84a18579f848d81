using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Cluster.Core.Webhooks;

namespace Cluster.Testing;

/// <summary>One real payload with the headers that name it, and the settings of a source for it.</summary>
public sealed record WebhookSample(string Kind, string Name, IReadOnlyDictionary<string, string> Headers, SourceSettings Settings)
{
    public IWebhookSender Sender => WebhookSenders.Find(Kind)!;

    /// <summary>The folder in which it stands; null for that of its kind.</summary>
    public string? Place { get; init; }

    public byte[] Body => File.ReadAllBytes(Path.Combine(WebhookSamples.Folder, Place ?? Kind, $"{Name}.json"));

    public WebhookReading Read(ReadOnlyMemory<byte> body) =>
        WebhookSenders.Read(Sender, new WebhookDelivery(
            WebhookSamples.View(Headers.Select(header => KeyValuePair.Create(header.Key, header.Value.Replace("{id}", "1", StringComparison.Ordinal)))
                .Append(KeyValuePair.Create("webhook-id", "1"))), body, Settings));

    /// <summary>A request as its sender makes it.</summary>
    public HttpRequestMessage Request(string url, string secret, byte[] body, string? id = null, DateTimeOffset? at = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        id ??= Guid.NewGuid().ToString();
        foreach (var (name, value) in Sender.Scheme(Settings).Sign(secret, id, at ?? DateTimeOffset.UtcNow, body))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        foreach (var (name, value) in Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value.Replace("{id}", id, StringComparison.Ordinal));
        }

        return request;
    }

    public override string ToString() => $"{Kind}/{Name}";
}

/// <summary>The real payloads of all senders in <c>Samples</c>.</summary>
public static class WebhookSamples
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Samples");

    public static IReadOnlyList<WebhookSample> All { get; } =
    [
        .. from sender in WebhookSenders.All
           from file in Directory.GetFiles(Path.Combine(Folder, sender.Kind), "*.json").Order(StringComparer.Ordinal)
           where !file.EndsWith(".headers.json", StringComparison.Ordinal)
           let name = Path.GetFileNameWithoutExtension(file)
           select new WebhookSample(sender.Kind, name, HeadersOf(sender.Kind, name), SettingsOf(sender.Kind)),
    ];

    /// <summary>Small payloads of further events, cut down to the keys that matter.</summary>
    public static IReadOnlyList<WebhookSample> Field { get; } =
    [
        .. from one in JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "field", "index.json")))!.AsArray()
           let headers = one["headers"]!.AsObject().ToDictionary(header => header.Key, header => $"{header.Value}")
           select new WebhookSample($"{one["kind"]}", Path.GetFileNameWithoutExtension($"{one["file"]}"), headers, SourceSettings.None) { Place = "field" },
    ];

    public static WebhookSample Find(string sample) => All.Concat(Field).Single(one => one.ToString() == sample);

    /// <summary>Headers as a node shows them to a sender; names are compared without case.</summary>
    public static WebhookHeaders View(IEnumerable<KeyValuePair<string, string>> headers)
    {
        var all = headers.ToLookup(header => header.Key, header => (string?)header.Value, StringComparer.OrdinalIgnoreCase);
        return new WebhookHeaders(name => [.. all[name]]);
    }

    private static Dictionary<string, string> HeadersOf(string kind, string name) => kind switch
    {
        "github" => new() { ["X-GitHub-Event"] = name.Split('.')[0], ["X-GitHub-Delivery"] = "{id}" },
        "gitlab" => new() { ["X-Gitlab-Event"] = "Some Hook", ["Idempotency-Key"] = "{id}" },
        "bitbucket" => new()
        {
            ["X-Event-Key"] = name switch { "repo.push" => "repo:push", "pullrequest.created" => "pullrequest:created", _ => "repo:commit_status_updated" },
            ["X-Request-UUID"] = "{id}",
        },
        "sentry" => new() { ["Sentry-Hook-Resource"] = name.Split('.')[0], ["Request-ID"] = "{id}" },
        _ => [],
    };

    private static SourceSettings SettingsOf(string kind) => kind == "generic"
        ? new SourceSettings { Id = "/event/id", Type = "/event/kind", Title = "/title", Url = "/link" }
        : SourceSettings.None;
}
