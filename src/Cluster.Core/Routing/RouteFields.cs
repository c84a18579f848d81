using System.Collections.Frozen;

namespace Cluster.Core.Routing;

/// <summary>The fields that conditions may name: those with one meaning for all senders, what else platforms make, and what anybody may write.</summary>
public static class RouteFields
{
    public const string Source = "source";
    public const string Type = "type";
    public const string Branch = "branch";
    public const string Fork = "fork";

    /// <summary>What a generic sender, CloudEvents or Standard Webhooks call the event; anybody may have written it.</summary>
    public const string EventType = "event_type";

    /// <summary>Fields with one meaning for all senders.</summary>
    public static IReadOnlyList<string> Normalized { get; } =
        [Source, Type, "repository", Branch, Fork, "conclusion", "status", "severity", "service"];

    /// <summary>Other fields that platforms make, by the name under which Claude is told them.</summary>
    public static IReadOnlyList<string> Trusted { get; } =
    [
        "action", "after", "alert_id", "app", "at", "author", "author_id", "before", "bytes", "changed_files", "changes", "check_run_id", "commits",
        "cve_id", "draft", "ecosystem", "event_id", "failed_jobs", "failed_step", "failure_reason", "fingerprint", "firing",
        "first_failed_job", "forced", "ghsa_id", "head_sha", "id", "issue_id", "job", "job_id", "merge_request", "monitor", "number",
        "package", "phase", "pipeline", "pipeline_id", "priority", "project", "resolved", "run_attempt", "run_id", "run_number", "sender",
        "sender_id", "service_id", "started_at", "state", "transition", "trigger", "truncated", "urgency", "url", "user_id", "window_minutes",
    ];

    /// <summary>Fields that anybody may write; only a route that says <c>untrusted: true</c> may ask for them.</summary>
    public static IReadOnlyList<string> Untrusted { get; } =
    [
        "alert_1", "alert_2", "alert_3", "body", "culprit", "data", "description", "error",
        EventType, "failed_job_names", "instance_1", "instance_2", "instance_3", "job_name", "level", "message",
        "name", "output_summary", "output_text", "output_title", "query", "ref", "rule", "scope", "severity_1", "severity_2", "severity_3",
        "subject", "summary_1", "summary_2", "summary_3", "target", "text", "title", "workflow",
    ];

    private static readonly FrozenSet<string> Platform = Normalized.Concat(Trusted).ToFrozenSet();
    private static readonly FrozenSet<string> Writable = Untrusted.ToFrozenSet();

    public static bool IsPlatformMade(string field) => Platform.Contains(field);

    public static bool IsWritable(string field) => Writable.Contains(field);
}
