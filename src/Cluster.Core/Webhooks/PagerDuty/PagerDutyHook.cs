using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.PagerDuty;

/// <summary>PagerDuty's V3 webhooks (PagerDuty/developer-docs, docs/webhooks: 01-Overview, 02-Behavior, 04-Signatures). It retries for two
/// days, and stops for one after three refusals.</summary>
internal sealed class PagerDutyHook : IWebhookSender
{
    private static readonly BodySignature Signature = new("X-PagerDuty-Signature", "v1=", list: true);

    public string Kind => "pagerduty";

    public string Title => "Incidents of PagerDuty.";

    public IReadOnlyList<FieldFact> Facts => PagerDutyFacts.All;

    public IReadOnlyList<EventFacts> Events => PagerDutyEvents.All;

    public string SameEvent => "the event's id in the signed body, for 8 days";

    public IReadOnlyList<string> Hosts { get; } = ["*.pagerduty.com", "*.eu.pagerduty.com"];

    public bool MakesSecret(SourceSettings settings) => true;

    public string Platform => "PagerDuty";

    public WebhookScheme Scheme(SourceSettings settings) => Signature;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        var type = f.Pattern("event.event_type", Shapes.EventName());
        var told = PagerDutyEvents.Row.Read(f);
        return new WebhookReading
        {
            // The event's own id stands in the signed body, and is the same on every attempt (PagerDuty/developer-docs, 02-Behavior); X-Webhook-Id is not signed.
            Id = f.Pattern("event.id", Shapes.Id()),
            Summary = new WebhookSummary
            {
                Name = $"pagerduty.{type ?? "event"}",
                FilterReason = WakeReason(type),
                FilteredBy = "type",
                Trusted = told,
                Untrusted = told.Count > 1 ? [] : [.. BodyFields.Of(f.Root, 3, told.Select(field => field.Name))],
                Subject = About(
                    type?.StartsWith("incident.", StringComparison.Ordinal) == true && WakeReason(type) is null, type == "incident.resolved",
                    f.Moment("event.occurred_at"),
                    "incident", f.Pattern("event.data.id", Shapes.Id())),
            },
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At PagerDuty, under Integrations, Generic Webhooks (v3), New Webhook:",
        $"  Webhook URL         {setup.Url}",
        "  Scope               a service, a team or the account",
        "  Event subscription  incident.triggered, .escalated, .reopened, .priority_updated",
        .. Steps.GiveSecret(setup, "PagerDuty shows its secret once when you add it"),
    ];

    // An event of a kind that is not known is told: it may be new.
    private static string? WakeReason(string? type) => type switch
    {
        "pagey.ping" => "ping",
        "incident.triggered" or "incident.escalated" or "incident.reopened" or "incident.priority_updated" or "incident.unacknowledged" or null => null,
        _ when type.StartsWith("incident.", StringComparison.Ordinal) => "not a new or worse incident",
        _ when type.StartsWith("service.", StringComparison.Ordinal) => "not an incident",
        _ => null,
    };
}
