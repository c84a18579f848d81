using Cluster.Core.Events;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.Alertmanager;

/// <summary>A group of alerts as Alertmanager sends it (prometheus/alertmanager, notify/webhook/webhook.go), and Grafana after it. Labels often
/// come from what is scraped, and annotations are filled from them: both are data.</summary>
internal static class AlertGroup
{
    private const int Told = 3;
    private const int MostOthers = 20;

    public static WebhookSummary Read(string kind, PayloadFields f)
    {
        var status = f.Text("status") is "firing" or "resolved" ? f.Text("status") : null;
        var alerts = f.Items("alerts");
        var all = alerts.Count + Math.Max(0, f.Integer("truncatedAlerts") ?? 0);
        var from = alerts.FirstOrDefault().Link("generatorURL");
        var (url, other) = kind == "grafana" ? (from ?? f.Link("externalURL"), from is null ? null : f.Link("externalURL")) : (f.Link("externalURL"), from);
        return new WebhookSummary
        {
            Name = $"{kind}.{status ?? "alerts"}",
            Trusted = Named(
                Text("status", status),
                Number("firing", alerts.Count(alert => alert.Text("status") is "firing" or null)),
                Number("resolved", alerts.Count(alert => alert.Text("status") == "resolved")),
                Text("told", all > Told ? $"{Math.Min(Told, alerts.Count)} of {all}" : null),
                Number("truncated", f.Integer("truncatedAlerts")),
                Text("started_at", alerts.FirstOrDefault().Pattern("startsAt", Shapes.Time())),
                Text("fingerprint", alerts.FirstOrDefault().Pattern("fingerprint", Shapes.Hex())),

                // Where the first alert comes from, and where the sender itself is found. Only Grafana makes both.
                Address("url", url),
                Address(kind == "grafana" ? "external_url" : "generator_url", other)),
            Untrusted =
            [
                .. Named(Text("title", f.Text("title"))),
                .. alerts.Take(Told).SelectMany((alert, i) => Named(
                    Text($"alert_{i + 1}", alert.Text("labels.alertname"), 80),
                    Text($"severity_{i + 1}", alert.Text("labels.severity"), 40),
                    Text($"instance_{i + 1}", alert.Text("labels.instance"), 80),
                    Text($"summary_{i + 1}", alert.Text("annotations.summary") ?? alert.Text("annotations.description")))),
                .. Named(Text("others", Others(alerts), Long)),
            ],

            // Alerts that are left out are counted (Prometheus docs: webhook_config, max_alerts). Whether the status speaks for them too is not said, so
            // only a whole group recovers. Two servers behind one source may have groups of one key.
            Subject = About(
                status == "firing",
                status == "resolved" && alerts.Count > 0 && all == alerts.Count && alerts.TrueForAll(alert => alert.Text("status") == "resolved"),
                alerts.Max(alert => alert.Moment(status == "resolved" ? "endsAt" : "startsAt")),
                "group", f.Text("externalURL"), f.Text("receiver"), f.Text("groupKey")),
        };
    }

    // Those that are not told by name, so that the session knows what to ask for: HighLoad c6eadffa33fcdf37, DiskFull 8b0e4f4c1e7a2d90
    private static string? Others(List<PayloadFields> alerts) => alerts.Count <= Told
        ? null
        : string.Join(", ", alerts.Skip(Told).Take(MostOthers).Select(alert =>
            $"{HostileText.Cut(alert.Text("labels.alertname") ?? "", 30)} {alert.Pattern("fingerprint", Shapes.Hex())}".Trim()));
}
