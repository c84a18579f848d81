using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.CloudEvents;

/// <summary>CloudEvents 1.0 over HTTP in structured mode, one or a batch (cloudevents/spec: formats/json-format.md, http-webhook.md). The secret
/// comes as a bearer token; the specification's token in the URL is refused, since URLs end up in logs.</summary>
internal sealed class CloudEventsHook : IWebhookSender
{
    public string Kind => "cloudevents";

    public string Title => "Anything that sends CloudEvents in structured mode.";

    public WebhookScheme Scheme(SourceSettings settings) => HeaderSecret.Bearer;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.Parse(delivery.Body);
        return document.RootElement.ValueKind switch
        {
            JsonValueKind.Array => Batch(document.RootElement),
            JsonValueKind.Object => One(new PayloadFields(document.RootElement)),
            _ => throw new JsonException("The body is neither an event nor a batch of events."),
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At the sender, HTTP with structured content mode (application/cloudevents+json):",
        $"  URL     {setup.Url}",
        $"  Header  Authorization: Bearer {setup.ShownSecret}",
        "A sender that asks first by OPTIONS (WebHook-Request-Origin) is not answered; switch that off.",
    ];

    // Source and id name an event together (CloudEvents 1.0, id).
    private static WebhookReading One(PayloadFields f) => new()
    {
        Id = f.Text("source") is { Length: <= 1000 } source && f.Text("id") is { Length: > 0 and <= 1000 } id ? $"{source}\n{id}" : null,
        IdIsProved = true, // by nothing less than the body is
        Summary = new WebhookSummary
        {
            Name = "cloudevents.event",
            Trusted = Named(Text("at", f.Pattern("time", Shapes.Time()))),
            Untrusted = Named(
                Text("type", f.Text("type")),
                Text("source", f.Text("source")),
                Text("subject", f.Text("subject")),
                Text("data", f.Line("data"), 2 * Long)),
        },
    };

    private static WebhookReading Batch(JsonElement events)
    {
        var first = events.GetArrayLength() == 0 ? default : new PayloadFields(events[0]);
        return new WebhookReading
        {
            Summary = new WebhookSummary
            {
                Name = "cloudevents.batch",
                FilterReason = events.GetArrayLength() == 0 ? "empty" : null,
                Trusted = Named(Number("events", events.GetArrayLength())),
                Untrusted = Named(
                    Text("first_type", first.Text("type")),
                    Text("first_source", first.Text("source")),
                    Text("first_data", first.Line("data"), Long)),
            },
        };
    }
}
