using System.Text.RegularExpressions;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.Alertmanager;

/// <summary>Who writes what groups of alerts tell. To Alertmanager's API whoever reaches it gives alerts with times, addresses, labels and annotations of
/// their own (prometheus/alertmanager, api/v2/openapi.yaml, postableAlert); Grafana makes times and addresses itself.</summary>
internal static partial class AlertFacts
{
    private const string Given = "a client of Alertmanager's API gives it";
    private const string Labels = "labels and annotations have what is watched in them";

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
        .. Texts(Labels, [.. Enumerable.Range(1, 3).SelectMany(i => new[] { $"alert_{i}", $"severity_{i}", $"instance_{i}", $"summary_{i}" })]),
    ];

    public static IReadOnlyList<FieldFact> Alertmanager { get; } =
    [
        .. Both,
        Users("started_at", Given),
        Made("url", new Link("(/#/alerts)?"), "Alertmanager's own address, from its settings"),
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
    private static FieldForm Rule => new Link("(/alerting/list|(?<kept>/alerting/(grafana/)?(?=[A-Za-z]{0,8}[0-9])[A-Za-z0-9]{9,16}/(view|edit)))?");

    [GeneratedRegex(@"\A[0-9]{1,9} of [0-9]{1,19}\z")]
    private static partial Regex Told();
}
