using System.Text.RegularExpressions;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.Datadog;

/// <summary>Who writes what Datadog's deliveries tell (Datadog Docs: integrations/webhooks, variables). The body is the operator's template, into which
/// texts are put as they are: a text may add a field that the template does not have, never change one that it has.</summary>
internal static partial class DatadogFacts
{
    public static IReadOnlyList<EventFacts> Events { get; } =
    [
        new("alert", Bad("transition", "transition|alert_transition"), Bad("priority", "priority|alert_priority"), Also("monitor", "monitor|alert_id"), Also("event_id", "id"),
            Also("type", "type|alert_type|event_type"), Link("url", "link|url"), What("title", "title|alert_title|event_title"), Prose("text", "text|text_only_msg|event_msg|body"),
            Where("scope", "scope|alert_scope"), Where("host", "host|hostname"), Also("tags", "tags"), Also("metric", "metric|alert_metric"), Also("query", "query|alert_query"),
            Bad("status", "status|alert_status")) { Rests = "transition: Recovered, or type: success, where the template has no cycle; with one it makes what waits needless" },
    ];

    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Made("transition", Of(Transition()), "one of Datadog's words, where the template has it; at the beginning of a title anybody may have written it, so from there it is not"),
        Made("priority", Words("P1 P2 P3 P4 P5 normal low"), "one of Datadog's words"),
        Made("type", Words("""
            error warning success info user_update recommendation snapshot ci_pipelines_alert composite_monitor cost_alert database_monitoring_alert
            error_tracking_alert event_alert event_v2_alert log_alert metric_alert_monitor network_performance_alert outlier_monitor process_alert
            query_alert_monitor rum_alert service_check slo_alert synthetics_alert trace_analytics_alert watchdog_alert
            """), "one of Datadog's words"),
        Made("monitor", Digits, "Datadog numbers it"),
        Made("event_id", Digits, "Datadog numbers it"),
        Made("url", new FieldForm.Link(@"(/monitors[/#][0-9]{1,20}|/event/event\?id=[0-9]{1,20}|(?<kept>/event/event\?id=[0-9]{1,20})&[!-~]*)"), "Datadog makes it of fixed words and ids"),
        .. Texts("whoever wrote the monitor, posted the event, or named what is watched", "title", "text", "scope", "host", "tags", "metric", "query", "status"),
        Rest,
    ];

    [GeneratedRegex(@"\A(Triggered|Re-Triggered|Warn|Re-Warn|No Data|Re-No Data|Recovered|Renotify)\z")]
    private static partial Regex Transition();
}
