using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;

namespace Cluster.Core.Webhooks.Alertmanager;

/// <summary>Prometheus' Alertmanager (prometheus/alertmanager, docs/configuration.md, webhook_config). It signs nothing, and repeats the very
/// same body at its repeat_interval so that somebody is reminded.</summary>
internal sealed class AlertmanagerHook : IWebhookSender
{
    public string Kind => "alertmanager";

    public string Title => "Prometheus Alertmanager.";

    public IReadOnlyList<FieldFact> Facts => AlertFacts.Alertmanager;

    public IReadOnlyList<EventFacts> Events { get; } = AlertFacts.Events(grafana: false);

    public string SameEvent => "the body, for 5 minutes: it repeats itself on purpose";

    public WebhookScheme Scheme(SourceSettings settings) => HeaderSecret.Bearer;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        return new WebhookReading
        {
            Kept = WebhookReading.Minutes, // an alert that comes anew has another startsAt, so its body is another
            Summary = AlertGroup.Read(Kind, new PayloadFields(document.RootElement)),
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        $"In alertmanager.yml, with this secret in a file that only Alertmanager reads: {setup.ShownSecret}",
        "  receivers:",
        $"    - name: {setup.Name}",
        "      webhook_configs:",
        $"        - url: {setup.Url}",
        "          send_resolved: true",
        "          max_alerts: 20",
        "          timeout: 5s",
        "          http_config:",
        "            authorization:",
        "              credentials_file: /etc/alertmanager/cluster-secret",
    ];
}
