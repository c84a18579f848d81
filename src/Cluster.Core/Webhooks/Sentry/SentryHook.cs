using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.Sentry;

/// <summary>An internal integration of Sentry (Sentry Docs: integration platform, webhooks). Anybody with a project's public DSN writes the
/// errors that come, so their text is only ever data. It waits one second for an answer. The time that it sends is not signed.</summary>
internal sealed class SentryHook : IWebhookSender
{
    private static readonly BodySignature Signature = new("Sentry-Hook-Signature", "");

    public string Kind => "sentry";

    public string Title => "An internal integration of Sentry.";

    public IReadOnlyList<FieldFact> Facts => SentryFacts.All;

    public IReadOnlyList<EventFacts> Events => SentryEvents.All;

    public string SameEvent => "the resource, the action, the error's id and the rule, and the body: for 8 days, or for 5 minutes where an issue changes";

    public IReadOnlyList<string> Hosts { get; } = ["sentry.io", "*.sentry.io"];

    public bool MakesSecret(SourceSettings settings) => true;

    public string Platform => "Sentry";

    public WebhookScheme Scheme(SourceSettings settings) => Signature;

    public string? EventHeader => "Sentry-Hook-Resource";

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        var resource = delivery.Headers.One("Sentry-Hook-Resource") is { } given && Shapes.EventName().IsMatch(given) ? given : "event";
        var action = f.Pattern("action", Shapes.Word());
        return new WebhookReading
        {
            // Each rule that an event meets is a delivery of its own (Sentry Docs: webhooks, issue alerts). The resource is not signed; the body is known as well.
            Id = (f.Pattern("data.event.event_id", Shapes.Id()) ?? f.Pattern("data.error.event_id", Shapes.Id())) is { } id ? $"{resource}:{action}:{id}:{f.Text("data.triggered_rule")}" : null,
            BodyKept = MayRecur(action, f) ? WebhookReading.Minutes : null,
            Summary = resource switch
            {
                "installation" => new WebhookSummary { Name = "sentry.installation", FilterReason = "installation" },
                "metric_alert" => MetricAlert(action, f),
                _ => Event(resource, f),
            },
        };
    }

    public IReadOnlyDictionary<string, string> SampleHeaders(string id) =>
        new Dictionary<string, string> { ["Sentry-Hook-Resource"] = "event_alert" };

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At Sentry, under Settings, Custom Integrations (Developer Settings), Create New Integration, Internal Integration:",
        $"  Webhook URL        {setup.Url}",
        "  Alert Rule Action  on, then choose the integration in an alert's actions",
        .. Steps.GiveSecret(setup, "Its Client Secret is shown on the same page once it is saved"),
    ];

    // An issue that is resolved, opened and resolved again tells no time of it (Sentry Docs: webhooks, issues); it is made only once.
    private static bool MayRecur(string? action, PayloadFields f) => action != "created" && f.Text("data.issue.id") is not null;

    // When an issue was resolved is not told, and a late delivery may be older than what has gone wrong since: so it makes nothing needless.
    private static WebhookSummary Event(string resource, PayloadFields f)
    {
        var row = SentryEvents.ByName.GetValueOrDefault(resource);
        var told = (row ?? SentryEvents.Unknown).Read(f);
        return new WebhookSummary
        {
            Name = $"sentry.{resource}",
            FilterReason = row?.Outcome?.FilterReason(f) is null ? null : "not a new issue",
            FilteredBy = row?.Outcome?.Field,
            Trusted = told,
            Untrusted = told.Count > 1 ? [] : [.. BodyFields.Of(f.Root, 3, told.Select(field => field.Name))],
        };
    }

    private static WebhookSummary MetricAlert(string? action, PayloadFields f) => new()
    {
        Name = "sentry.metric_alert",
        Trusted = SentryEvents.ByName["metric_alert"].Read(f),
        Subject = About(
            action is "critical" or "warning", action == "resolved",
            f.Moment(action == "resolved" ? "data.metric_alert.date_closed" : "data.metric_alert.date_detected"),
            "metric", f.Pattern("data.metric_alert.id", Shapes.Digits())),
    };
}
