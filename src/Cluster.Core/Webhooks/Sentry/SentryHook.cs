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
            Id = f.Pattern("data.event.event_id", Shapes.Id()) is { } id ? $"{resource}:{action}:{id}:{f.Text("data.triggered_rule")}" : null,
            BodyKept = MayRecur(action, f) ? WebhookReading.Minutes : null,
            Summary = resource switch
            {
                "installation" => new WebhookSummary { Name = "sentry.installation", FilterReason = "installation" },
                "metric_alert" => MetricAlert(action, f),
                "issue" => Issue(action, f),
                _ => Event(resource, action, f),
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

    private static WebhookSummary Event(string resource, string? action, PayloadFields f) => new()
    {
        Name = $"sentry.{resource}",
        Trusted = Named(
            Text("action", action),
            Address("url", f.Link("data.event.web_url")),
            Text("issue_id", f.Pattern("data.event.issue_id", Shapes.Digits())),
            Text("event_id", f.Pattern("data.event.event_id", Shapes.Hex())),
            Number("project", f.Integer("data.event.project"))),
        Untrusted = Named(
            Text("level", f.Text("data.event.level")), // whoever has the public DSN says it
            Text("rule", f.Text("data.triggered_rule")),
            Text("title", f.Text("data.event.title")),
            Text("culprit", f.Text("data.event.culprit")),
            Text("message", f.Text("data.event.message") is { Length: > 0 } message ? message : null),
            Text("error", f.Items("data.event.exception.values").LastOrDefault().Text("value"))),
    };

    // When an issue was resolved is not told, and a late delivery may be older than what has gone wrong since: so it makes nothing needless.
    private static WebhookSummary Issue(string? action, PayloadFields f) => new()
    {
        Name = "sentry.issue",
        FilterReason = action is "created" or "unresolved" ? null : "not a new issue",
        Trusted = Named(
            Text("action", action),
            Address("url", f.Link("data.issue.web_url") ?? f.Link("data.issue.permalink")),
            Text("issue_id", f.Pattern("data.issue.id", Shapes.Digits()))),
        Untrusted = Named(
            Text("title", f.Text("data.issue.title")),
            Text("culprit", f.Text("data.issue.culprit"))),
    };

    private static WebhookSummary MetricAlert(string? action, PayloadFields f) => new()
    {
        Name = "sentry.metric_alert",
        Trusted = Named(
            Text("action", action),
            Address("url", f.Link("data.web_url")),
            Text("alert_id", f.Pattern("data.metric_alert.id", Shapes.Digits())),
            Number("window_minutes", f.Integer("data.metric_alert.alert_rule.time_window"))),
        Untrusted = Named(
            Text("title", f.Text("data.description_title")),
            Text("description", f.Text("data.description_text"), Long),
            Text("rule", f.Text("data.metric_alert.alert_rule.name")),
            Text("query", f.Text("data.metric_alert.alert_rule.query"))),
        Subject = About(
            action is "critical" or "warning", action == "resolved",
            f.Moment(action == "resolved" ? "data.metric_alert.date_closed" : "data.metric_alert.date_detected"),
            "metric", f.Pattern("data.metric_alert.id", Shapes.Digits())),
    };
}
