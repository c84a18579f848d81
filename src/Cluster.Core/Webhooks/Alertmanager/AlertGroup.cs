using System.Globalization;
using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.Alertmanager;

/// <summary>A group of alerts as Alertmanager sends it (prometheus/alertmanager, notify/webhook/webhook.go), and Grafana after it. Labels often
/// come from what is scraped, and annotations are filled from them: both are data.</summary>
internal static class AlertGroup
{
    internal const int Told = 3;
    private const int MostOthers = 20;

    // What says where, as it is usual in Kubernetes and beside it; what else an alert is labelled with follows.
    private static readonly string[] Places =
        ["namespace", "pod", "container", "deployment", "statefulset", "daemonset", "job_name", "cronjob", "node", "persistentvolumeclaim", "service", "cluster", "device", "mountpoint", "host"];

    // Told by themselves, or of no use to anybody.
    private static readonly string[] Aside = ["alertname", "severity", "instance", "prometheus", "prometheus_replica", "endpoint", "uid", "id", "image", "__alert_rule_uid__"];

    // From the worst on, as people call them.
    private static readonly string[][] Grades =
        [["emergency", "fatal", "disaster"], ["critical", "crit", "page", "alert"], ["error", "major", "high"], ["warning", "warn", "average", "medium"], ["minor", "low"], ["info", "notice", "none", "ok"]];

    public static WebhookSummary Read(string kind, PayloadFields f)
    {
        var status = f.Text("status") is "firing" or "resolved" ? f.Text("status") : null;
        var alerts = f.Items("alerts").OrderBy(IsResolved).ThenBy(alert => Grade(Severity(alert))).ToList(); // the worst of those that fire come first
        var all = alerts.Count + Math.Max(0, f.Integer("truncatedAlerts") ?? 0);
        var from = alerts.FirstOrDefault().Link("generatorURL");
        var (url, other) = kind == "grafana" ? (from ?? f.Link("externalURL"), from is null ? null : f.Link("externalURL")) : (f.Link("externalURL"), from);
        return new WebhookSummary
        {
            Name = $"{kind}.{status ?? "alerts"}",
            Trusted = Named(
            [
                Text("status", status),
                Number("firing", alerts.Count(alert => alert.Text("status") is "firing" or null)),
                Number("resolved", alerts.Count(IsResolved)),
                Text("told", all > Told ? $"{Math.Min(Told, alerts.Count)} of {all}" : null),
                Number("truncated", f.Integer("truncatedAlerts")),
                Text("started_at", alerts.FirstOrDefault().Pattern("startsAt", Shapes.Time())),
                Text("fingerprint", alerts.FirstOrDefault().Pattern("fingerprint", Shapes.Hex())),

                // Where the first alert comes from, and where the sender itself is found. Only Grafana makes both.
                Address("url", url),
                Address(kind == "grafana" ? "external_url" : "generator_url", other),

                // Of a group in which all are alike it says nothing to say it of each.
                .. alerts.Take(Told).Select((alert, i) => alerts.Exists(one => one.Text("status") != status) ? Text($"status_{i + 1}", alert.Text("status")) : null),
            ]),
            Untrusted =
            [
                .. Named(Text("title", f.Text("title")), Text("severity", alerts.FirstOrDefault() is var worst ? Severity(worst) : null, 40)),
                .. alerts.Take(Told).SelectMany((alert, i) => Alert(alert, i == 0 ? default : alerts[0], i + 1)),
                .. Named(Text("others", Others(alerts), Long)),
                .. Named(alerts.Count > 0 ? null : Text("message", f.Text("message"), Long)),
                .. alerts.Count > 0 ? [] : BodyFields.Of(f.Root, 2, ["status", "title", "message", "externalURL", "truncatedAlerts"]), // no group of alerts
            ],

            // Alerts that are left out are counted (Prometheus docs: webhook_config, max_alerts). Whether the status speaks for them too is not said, so
            // only a whole group recovers. Two servers behind one source may have groups of one key.
            Subject = About(
                status == "firing",
                status == "resolved" && alerts.Count > 0 && all == alerts.Count && alerts.TrueForAll(IsResolved),
                alerts.Max(alert => alert.Moment(status == "resolved" ? "endsAt" : "startsAt")),
                "group", f.Text("externalURL"), f.Text("receiver"), f.Text("groupKey")),
        };
    }

    private static List<WebhookField> Alert(PayloadFields alert, PayloadFields first, int number)
    {
        var (summary, description) = (alert.Text("annotations.summary") ?? alert.Text("annotations.message"), alert.Text("annotations.description"));
        var runbook = alert.Text("annotations.runbook_url") ?? alert.Text("annotations.runbook");
        return Named(
            Text($"alert_{number}", alert.Text("labels.alertname"), 80),
            Text($"severity_{number}", Severity(alert), 40),
            Text($"instance_{number}", alert.Text("labels.instance"), 80),
            Text($"where_{number}", Where(alert)),
            Text($"summary_{number}", summary ?? description),
            Text($"description_{number}", summary is null || description == summary ? null : description),
            Text($"values_{number}", Values(alert)),
            runbook is not null && runbook == (first.Text("annotations.runbook_url") ?? first.Text("annotations.runbook")) ? null : Address($"runbook_{number}", runbook),
            Address($"dashboard_{number}", (alert.Link("panelURL") ?? alert.Link("dashboardURL")) is { } at && at != first.Link("panelURL") ? at : null));
    }

    private static bool IsResolved(PayloadFields alert) => alert.Text("status") == "resolved";

    private static string? Severity(PayloadFields alert) => alert.Text("labels.severity") ?? alert.Text("labels.priority") ?? alert.Text("labels.level");

    // critical before warning, P1 before P3, 1 before 2; what nobody knows is between an error and a warning.
    private static int Grade(string? severity)
    {
        if (severity is null)
        {
            return 100;
        }

        var word = severity.ToLowerInvariant();
        var grade = Array.FindIndex(Grades, words => words.Contains(word));
        return grade >= 0 ? grade * 10
            : int.TryParse(word.AsSpan().TrimStart("sevprity- "), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, 9) * 10
            : 25;
    }

    private static string? Where(PayloadFields alert)
    {
        if (alert.Find("labels") is not { ValueKind: JsonValueKind.Object } labels)
        {
            return null;
        }

        var all = labels.EnumerateObject().Take(60).Select(label => (Name: PayloadFields.Name(label), Text: PayloadFields.Read(label.Value)))
            .Where(label => !string.IsNullOrEmpty(label.Text) && !Aside.Contains(label.Name)).ToList();
        var told = all.Where(label => Places.Contains(label.Name)).OrderBy(label => Array.IndexOf(Places, label.Name)).Concat(all.Where(label => !Places.Contains(label.Name)));
        var line = string.Join(", ", told.Select(label => $"{label.Name} {HostileText.Cut(KeptPayload.Shown(label.Name, label.Text!), 63)}"));
        return line.Length == 0 ? null : line;
    }

    // Grafana's measurements by the letter of their query: {"B": 44.2, "C": 1}.
    private static string? Values(PayloadFields alert) => alert.Find("values") is { ValueKind: JsonValueKind.Object } values && values.EnumerateObject().Any()
        ? string.Join(", ", values.EnumerateObject().Take(6).Select(value => $"{PayloadFields.Name(value)} {PayloadFields.Raw(value.Value)}"))
        : alert.Text("valueString");

    // Those that are not told by name, so that the session knows what to ask for: HighLoad c6eadffa33fcdf37, DiskFull 8b0e4f4c1e7a2d90
    private static string? Others(List<PayloadFields> alerts) => alerts.Count <= Told
        ? null
        : string.Join(", ", alerts.Skip(Told).Take(MostOthers).Select(alert =>
            $"{HostileText.Cut(alert.Text("labels.alertname") ?? "", 30)} {alert.Pattern("fingerprint", Shapes.Hex())}".Trim()));
}
