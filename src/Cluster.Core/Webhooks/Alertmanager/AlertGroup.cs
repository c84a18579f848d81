using Cluster.Core.Events;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.Alertmanager;

/// <summary>A group of alerts as Alertmanager sends it (prometheus/alertmanager, notify/webhook/webhook.go), and Grafana after it. Labels often
/// come from what is scraped, and annotations are filled from them: both are data.</summary>
internal static class AlertGroup
{
    private const int Told = 3;

    public static WebhookSummary Read(string kind, PayloadFields f)
    {
        var status = f.Text("status") is "firing" or "resolved" ? f.Text("status") : null;
        var alerts = f.Items("alerts");
        return new WebhookSummary
        {
            Name = $"{kind}.{status ?? "alerts"}",
            Trusted = Named(
                Text("status", status),
                Number("firing", alerts.Count(alert => alert.Text("status") is "firing" or null)),
                Number("resolved", alerts.Count(alert => alert.Text("status") == "resolved")),
                Number("truncated", f.Integer("truncatedAlerts")),
                Text("started_at", alerts.FirstOrDefault().Pattern("startsAt", Shapes.Time())),
                Text("fingerprint", alerts.FirstOrDefault().Pattern("fingerprint", Shapes.Hex())),
                Text("url", alerts.FirstOrDefault().Url("generatorURL") ?? f.Url("externalURL"))),
            Untrusted =
            [
                .. Named(Text("title", f.Text("title"))),
                .. alerts.Take(Told).SelectMany((alert, i) => Named(
                    Text($"alert_{i + 1}", alert.Text("labels.alertname"), 80),
                    Text($"severity_{i + 1}", alert.Text("labels.severity"), 40),
                    Text($"instance_{i + 1}", alert.Text("labels.instance"), 80),
                    Text($"summary_{i + 1}", alert.Text("annotations.summary") ?? alert.Text("annotations.description")))),
            ],
        };
    }
}
