using Cluster.Core.Events;
using Cluster.Core.Webhooks.Alertmanager;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;

namespace Cluster.Core.Webhooks.Grafana;

/// <summary>Grafana 12 and later (Grafana Docs: configure the webhook notifier; grafana/alerting, http/hmac.go). The time is signed only if the
/// contact point names a header for it; which of both a source wants is fixed, so that nobody gets the weaker one by leaving the header out.</summary>
internal sealed class GrafanaHook : IWebhookSender
{
    private const string BodyOnly = "body";
    private const string SignatureHeader = "X-Grafana-Alerting-Signature";
    private const string TimeHeader = "X-Grafana-Alerting-Timestamp";

    private static readonly TwoHeaderSignature Timed = new(TimeHeader, SignatureHeader, ':');
    private static readonly BodySignature Untimed = new(SignatureHeader, "");

    public string Kind => "grafana";

    public string Title => "Alerts of Grafana 12 or later.";

    public IReadOnlyList<FieldFact> Facts => AlertFacts.Grafana;

    public IReadOnlyList<EventFacts> Events { get; } = AlertFacts.Events(grafana: true);

    public string SameEvent => "the body: for 8 days where a time is signed, else for 5 minutes";

    public IReadOnlyList<string> Modes => ["timestamp", BodyOnly];

    public WebhookScheme Scheme(SourceSettings settings) => settings.Mode == BodyOnly ? Untimed : Timed;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        return new WebhookReading
        {
            // Without a time in it the same body comes again on purpose.
            Kept = delivery.Settings.Mode == BodyOnly ? WebhookReading.Minutes : DedupeKeys.Kept,
            Summary = AlertGroup.Read(Kind, new PayloadFields(document.RootElement)),
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At Grafana, under Alerting, Contact points, Add contact point, integration Webhook:",
        $"  URL               {setup.Url}",
        "  HTTP Method       POST",
        "and under HMAC Signature:",
        $"  Secret            {setup.ShownSecret}",
        $"  Header            {SignatureHeader}",
        setup.Settings.Mode == BodyOnly
            ? "  Timestamp Header  leave it empty"
            : $"  Timestamp Header  {TimeHeader}",
    ];
}
