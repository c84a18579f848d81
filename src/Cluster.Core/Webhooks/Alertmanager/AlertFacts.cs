using System.Text.RegularExpressions;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.Alertmanager;

/// <summary>Who writes what groups of alerts tell. To Alertmanager's API whoever reaches it gives alerts with times, addresses, labels and annotations of
/// their own (prometheus/alertmanager, api/v2/openapi.yaml, postableAlert); Grafana makes times and addresses itself.</summary>
internal static partial class AlertFacts
{
    private const string Given = "a client of Alertmanager's API gives it";
    private const string Labels = "labels and annotations have what is watched in them";

    private static readonly string[] OfAlerts = ["alert_", "severity_", "instance_", "where_", "summary_", "description_", "values_", "runbook_", "dashboard_"];

    private static readonly FieldFact[] Both =
    [
        Made("status", Words("firing resolved"), "said of the group, by one of two words"),
        Ours("firing", Number, "counted here"),
        Ours("resolved", Number, "counted here"),
        Made("truncated", Number, "counted by the sender"),
        Ours("told", Of(Told()), "counted here"),
        Made("fingerprint", Hex, "a hash of the labels"),
        Users("title", Labels),
        Users("others", Labels),
        Users("severity", Labels),
        Users("message", Labels),
        .. Each(i => Made($"status_{i}", Words("firing resolved"), "said of the alert, by one of two words")),
        .. OfAlerts.SelectMany(field => Each(i => Users($"{field}{i}", Labels))),
        Rest,
    ];

    private static IEnumerable<FieldFact> Each(Func<int, FieldFact> row) => Enumerable.Range(1, AlertGroup.Told).Select(row);

    /// <summary>What is told of both.</summary>
    public static IReadOnlyList<EventFacts> Events(bool grafana)
    {
        EventFacts row = new(
            "firing",
            [
                Bad("status", "status"), .. Counted("firing", "resolved", "told"), Also("truncated", "truncatedAlerts"), Also("started_at", "alerts[0].startsAt"), Also("fingerprint", "alerts[0].fingerprint"),
                EventRows.Link("url", grafana ? "alerts[0].generatorURL" : "externalURL"), EventRows.Link(grafana ? "external_url" : "generator_url", grafana ? "externalURL" : "alerts[0].generatorURL"),
                Also("title", "title"), Bad("severity", "alerts[].labels.severity"), .. Enumerable.Range(1, AlertGroup.Told).SelectMany(i => Of(i)), .. Counted("others"), Also("message", "message"),
            ])
        {
            Rests = "never; a whole group that is resolved makes what waits needless",
        };
        return [row, row with { Event = "resolved" }, row with { Event = EventFacts.Any }];

        static IEnumerable<EventFact> Of(int i) =>
        [
            Bad($"status_{i}", "alerts[].status"), What($"alert_{i}", "alerts[].labels.alertname"), Bad($"severity_{i}", "alerts[].labels.severity"), Where($"instance_{i}", "alerts[].labels.instance"),
            Where($"where_{i}", ""), What($"summary_{i}", "alerts[].annotations.summary"), Also($"description_{i}", "alerts[].annotations.description"), Bad($"values_{i}", "alerts[].valueString"),
            EventRows.Link($"runbook_{i}", "alerts[].annotations.runbook_url"), EventRows.Link($"dashboard_{i}", "alerts[].panelURL|alerts[].dashboardURL"),
        ];
    }

    public static IReadOnlyList<FieldFact> Alertmanager { get; } =
    [
        .. Both,
        Users("started_at", Given),
        Made("url", new FieldForm.Link("(/#/alerts)?"), "Alertmanager's own address, from its settings"),
        Users("generator_url", Given),
    ];

    public static IReadOnlyList<FieldFact> Grafana { get; } =
    [
        .. Both,
        Made("started_at", Time, "Grafana's clock"),
        Made("url", Rule, "Grafana makes it of its own address and the rule's id; an id that could be a word was chosen by somebody"),
        Made("external_url", Rule, "Grafana's own address, from its settings"),
    ];

    // Ids that Grafana draws have no signs between letters, and digits among them. Whoever may write rules may choose others.
    private static FieldForm Rule => new FieldForm.Link("(/alerting/list|(?<kept>/alerting/(grafana/)?(?=[A-Za-z]{0,8}[0-9])[A-Za-z0-9]{9,16}/(view|edit)))?");

    [GeneratedRegex(@"\A[0-9]{1,9} of [0-9]{1,19}\z")]
    private static partial Regex Told();
}
