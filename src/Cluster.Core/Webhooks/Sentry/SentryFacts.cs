using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.Sentry;

/// <summary>Who writes what Sentry's deliveries tell (Sentry Docs: integration platform, webhooks). A project's DSN is public.</summary>
internal static class SentryFacts
{
    private const string Reported = "whoever has the project's public DSN writes it";

    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Made("action", Words("archived assigned created critical deleted ignored installed open resolved triggered unresolved updated warning"), "one of Sentry's words"),
        Made("issue_id", Digits, "Sentry numbers it"),
        Made("alert_id", Digits, "Sentry numbers it"),
        .. Numbers("Sentry numbers it", "project", "comment_id"),
        Made("users", Number, "Sentry counts it"),
        Made("events", Digits, "Sentry counts it"),
        Made("priority", Words("high medium low"), "Sentry rates it, or who may change issues"),
        Made("status", Words("unresolved resolved ignored archived muted resolvedInNextRelease"), "one of Sentry's words"),
        Made("substatus", Words("new ongoing escalating regressed archived_until_escalating archived_until_condition_met archived_forever"), "one of Sentry's words"),
        Made("category", Words("error performance profile cron crons replay feedback uptime metric outage db_query http_client frontend mobile ai_detected"), "one of Sentry's words"),
        .. new[] { "first_seen", "at" }.Select(field => Made(field, Time, "Sentry's clock")),
        Made("window_minutes", Number, "a setting of the alert, as a number"),
        Made(
            "url",
            new Link("(/organizations/[a-z0-9][a-z0-9-]{0,62})?(/issues/[0-9]{1,20}(/events/[0-9a-f]{32})?|/alerts/(rules/details/)?[0-9]{1,20})"),
            "Sentry makes it of the organization's own name, fixed words and ids"),
        Users("event_id", "the program that reports the error draws it"),
        .. Texts(Reported, "level", "title", "culprit", "message", "error", "file", "environment", "release", "server", "platform"),
        .. Texts("whoever made the project, or is in the organization, writes it", "project_slug", "short_id", "text", "assignee"),
        Users("api_url", "the projects' names stand in it"),
        Rest,
        .. Texts("whoever may change alerts writes it", "rule", "query", "description"),
    ];
}
