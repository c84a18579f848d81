using System.Collections.Frozen;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;

namespace Cluster.Core.Webhooks.Sentry;

/// <summary>What is told of each resource of Sentry's (Sentry Docs: integration platform, webhooks; getsentry/sentry, sentry_apps).</summary>
internal static class SentryEvents
{
    private static readonly EventFact Action = Also("action", "action");

    /// <summary>Of a resource that has no row.</summary>
    public static EventFacts Unknown { get; } = new(EventFacts.Any, Action);

    public static IReadOnlyList<EventFacts> All { get; } =
    [
        Error("event_alert", "data.event"),
        Error("error", "data.error"),
        Error("event", "data.event"),
        new("issue", Action, Link("url", "data.issue.web_url|data.issue.permalink"), Also("issue_id", "data.issue.id"), Where("project_slug", "data.issue.project.slug|data.issue.project.name"),
            What("short_id", "data.issue.shortId"), Bad("level", "data.issue.level"), Bad("priority", "data.issue.priority"), Bad("status", "data.issue.status"),
            Also("substatus", "data.issue.substatus"), Also("events", "data.issue.count"), Also("users", "data.issue.userCount"), Also("platform", "data.issue.platform"),
            Also("category", "data.issue.issueCategory"), What("title", "data.issue.title"), Where("culprit", "data.issue.culprit"), Also("first_seen", "data.issue.firstSeen"),
            Also("assignee", "data.issue.assignedTo.name")) { Outcome = new Outcome("action", "action", "resolved assigned archived ignored") },
        new("comment", Action, Where("project_slug", "data.project_slug"), What("issue_id", "data.issue_id"), Also("comment_id", "data.comment_id"), Also("at", "data.timestamp"),
            Prose("text", "data.comment")) { Outcome = new Outcome("action", "action", "deleted") },
        new("metric_alert", Bad("action", "action"), Link("url", "data.web_url"), Also("alert_id", "data.metric_alert.id"), Also("window_minutes", "data.metric_alert.alert_rule.time_window"),
            Where("project_slug", "data.metric_alert.projects[]"), Where("environment", "data.metric_alert.alert_rule.environment"), What("title", "data.description_title"),
            Prose("description", "data.description_text"), Also("rule", "data.metric_alert.alert_rule.name"), Also("query", "data.metric_alert.alert_rule.query")),
        new("installation", Action) { Rests = "always" },
        Unknown,
    ];

    public static FrozenDictionary<string, EventFacts> ByName { get; } = EventRows.ByName(All.Where(row => row != Unknown));

    private static EventFacts Error(string resource, string at) => new(resource, Action, Link("url", $"{at}.web_url"), Also("issue_id", $"{at}.issue_id"),
        Also("event_id", $"{at}.event_id"), Also("project", $"{at}.project"), Bad("level", $"{at}.level"), Also("rule", "data.triggered_rule"), What("title", $"{at}.title"),
        Where("culprit", $"{at}.culprit"), Also("message", $"{at}.message|{at}.logentry.formatted"), What("error", $"{at}.exception.values[-1].value|{at}.metadata.value"),
        Where("file", $"{at}.location|{at}.metadata.filename"), Where("environment", $"{at}.environment|{at}.tags[=environment]"), Also("release", $"{at}.release|{at}.tags[=release]"),
        Where("server", $"{at}.server_name|{at}.tags[=server_name]"), Also("platform", $"{at}.platform"), Also("api_url", $"{at}.url"));
}
