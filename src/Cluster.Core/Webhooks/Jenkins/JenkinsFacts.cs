using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.Jenkins;

/// <summary>Who writes what Jenkins' deliveries tell (jenkinsci/notification-plugin). The name of a job of several branches is a branch's.</summary>
internal static class JenkinsFacts
{
    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Made("phase", Words("QUEUED STARTED COMPLETED FINALIZED"), "one of the plugin's words"),
        Made("status", Words("SUCCESS UNSTABLE FAILURE NOT_BUILT ABORTED start success failure unstable not_built aborted"), "one of Jenkins' words"),
        .. Numbers("Jenkins counts it", "number", "tests_failed", "tests_total"),
        Made("head_sha", Hex, "a hash of the commit"),
        Made("url", new Link("/[0-9]{1,9}"), "a build's number below the address of the job; the job's is trusted only if it is the source's host, with its path"),
        .. Texts("whoever named the job, or pushed the branch", "job", "branch", "path", "build_name", "failed_tests", "culprits", "scm_url", "notes"),
        Rest,
    ];
}
