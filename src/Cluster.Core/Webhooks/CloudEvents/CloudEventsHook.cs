using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.CloudEvents;

/// <summary>CloudEvents 1.0 over HTTP in structured mode, one at a time (cloudevents/spec: formats/json-format.md, http-webhook.md). The secret
/// comes as a bearer token; the specification's token in the URL is refused, since URLs end up in logs.</summary>
internal sealed class CloudEventsHook : IWebhookSender
{
    // Each event of it would have to enter by itself, or all of them not at all. Nothing is taken rather than the first one only.
    private static readonly WebhookReading Batch = new()
    {
        Refused = "This is a batch of events; send events one by one.",
        Summary = new WebhookSummary { Name = "cloudevents.batch", FilterReason = "a batch" },
    };

    public string Kind => "cloudevents";

    public string Title => "Anything that sends CloudEvents in structured mode.";

    public WebhookScheme Scheme(SourceSettings settings) => HeaderSecret.Bearer;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.Parse(delivery.Body);
        return document.RootElement.ValueKind switch
        {
            JsonValueKind.Object => One(new PayloadFields(document.RootElement)),
            JsonValueKind.Array => Batch,
            _ => throw new JsonException("The body is no event."),
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
}
