using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.CloudEvents;

/// <summary>CloudEvents 1.0 over HTTP: structured, binary with JSON data, and batches (cloudevents/spec: bindings/http-protocol-binding.md,
/// formats/json-format.md, http-webhook.md). The secret comes as a bearer token; the specification's token in the URL is refused, since URLs end up in logs.</summary>
internal sealed class CloudEventsHook : IWebhookSender
{
    private const string Structured = "application/cloudevents+json";
    private const string Batch = "application/cloudevents-batch";

    // One event that names a field twice costs the others nothing: each is read strictly by itself.
    private static readonly JsonDocumentOptions Lenient = new() { MaxDepth = 65, AllowDuplicateProperties = true };

    // Under a type that does not say so, a list may be the data of one event. Nothing is taken rather than something else.
    private static readonly WebhookReading NoEvent = new()
    {
        Refused = "This is a list; send events one by one, or as application/cloudevents-batch+json.",
        Summary = new WebhookSummary { Name = "cloudevents.batch", FilterReason = "a batch" },
    };

    public string Kind => "cloudevents";

    public string Title => "Anything that sends CloudEvents over HTTP.";

    public IReadOnlyList<FieldFact> Facts => CloudEventFacts.All;

    public IReadOnlyList<EventFacts> Events => CloudEventFacts.Events;

    public string SameEvent => "source and id together, for 8 days; without them the body, for 5 minutes";

    public int MostEvents => 100;

    public bool HasOrigins => true;

    public WebhookScheme Scheme(SourceSettings settings) => HeaderSecret.Bearer;

    public IReadOnlyList<WebhookDelivery>? Split(WebhookDelivery delivery)
    {
        if (!IsOfType(delivery.Headers, Batch))
        {
            return null;
        }

        using var document = JsonDocument.Parse(delivery.Body, Lenient);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("The batch is no list.");
        }

        var headers = new WebhookHeaders(name => name == "Content-Type" ? [Structured] : []);
        return
        [
            .. document.RootElement.EnumerateArray().Select(item =>
                new WebhookDelivery(headers, System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(item).ToArray(), delivery.Settings)),
        ];
    }

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.Parse(delivery.Body);
        if (!IsOfType(delivery.Headers, "application/cloudevents") && CloudEventHeaders.AreComplete(delivery.Headers))
        {
            return Binary(delivery.Headers, new PayloadFields(document.RootElement));
        }

        return document.RootElement.ValueKind switch
        {
            JsonValueKind.Object => One(new PayloadFields(document.RootElement)),
            JsonValueKind.Array => NoEvent,
            _ => throw new JsonException("The body is no event."),
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At the sender, HTTP with JSON, in structured, binary or batched content mode:",
        $"  URL     {setup.Url}",
        $"  Header  Authorization: Bearer {setup.ShownSecret}",
        setup.Settings.Origins is { Count: > 0 } origins
            ? $"A sender that asks first by OPTIONS is let in as {string.Join(" or ", origins)}."
            : "A sender that asks first by OPTIONS is let in if the source is added with --origin and the name that the sender gives (WebHook-Request-Origin).",
    ];

    private static bool IsOfType(WebhookHeaders headers, string type) =>
        headers.One("Content-Type")?.StartsWith(type, StringComparison.OrdinalIgnoreCase) == true;

    private static WebhookReading One(PayloadFields f)
    {
        var reading = Reading(f.Text("source"), f.Text("id"), f.Pattern("time", Shapes.Time()), f.Text("type"), f.Text("subject"), f.Line("data"));
        var summary = reading.Summary;
        return f.Text("type") is not null ? reading : reading with // no event by the specification
        {
            Summary = summary with
            {
                Untrusted = [.. summary.Untrusted, .. BodyFields.Of(f.Root, 2, summary.Trusted.Concat(summary.Untrusted).Select(field => field.Name).Append("time").Append("specversion"))],
            },
        };
    }

    private static WebhookReading Binary(WebhookHeaders headers, PayloadFields data) => Reading(
        CloudEventHeaders.Read(headers, "source"),
        CloudEventHeaders.Read(headers, "id"),
        CloudEventHeaders.Read(headers, "time") is { } time && Shapes.Time().IsMatch(time) ? time : null,
        CloudEventHeaders.Read(headers, "type"),
        CloudEventHeaders.Read(headers, "subject"),
        data.Line());

    // Source and id name an event together, in whichever mode it comes (CloudEvents 1.0, id).
    private static WebhookReading Reading(string? source, string? id, string? time, string? type, string? subject, string? data) => new()
    {
        Id = source is { Length: <= 1000 } && id is { Length: > 0 and <= 1000 } ? $"{source}\n{id}" : null,
        IdIsProved = true, // by nothing less than the body is
        Kept = source is { Length: <= 1000 } && id is { Length: > 0 and <= 1000 } ? DedupeKeys.Kept : WebhookReading.Minutes, // no event by the specification
        Summary = new WebhookSummary
        {
            Name = "cloudevents.event",
            Trusted = Named(Text("at", time)),
            Untrusted = Named(
                Text("type", type),
                Text("source", source),
                Text("subject", subject),
                Text("data", data, 2 * Long)),
        },
    };
}
