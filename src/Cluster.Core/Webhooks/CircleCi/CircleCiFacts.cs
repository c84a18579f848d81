using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.CircleCi;

/// <summary>Who writes what CircleCI's deliveries tell (CircleCI Docs: outbound webhooks reference).</summary>
internal static class CircleCiFacts
{
    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Named("project", Of(Shapes.Repository()), "the project of the hook"),
        Made("status", Words("""
            success failed error failing canceled cancelled unauthorized on_hold not_run running queued blocked retried timedout infrastructure_fail
            terminated-unknown
            """), "one of CircleCI's words"),
        Made("head_sha", Hex, "a hash of the commit"),
        .. Numbers("CircleCI counts it", "pipeline", "job"),
        Made("at", Time, "CircleCI's clock"),
        Author,
        Made(
            "url",
            new Link("/[0-9]{1,10}/workflows/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/jobs/[0-9]{1,10})?", "project", "/pipelines"),
            "CircleCI makes it of the project's name, numbers and ids"),
        Made("trigger", Words("webhook explicit api schedule scheduled_pipeline decoupled gitlab github github_app bitbucket unknown"), "one of CircleCI's words"),
        .. Tokens("whoever pushed or wrote the configuration", "workflow", "job_name", "branch", "tag"),
        .. Names("whoever made the project", "project_name", "organization", "repository_name"),
        Rest,
    ];
}
