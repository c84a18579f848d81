using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;

namespace Cluster.Core.Webhooks.Jenkins;

/// <summary>What is told of a build (jenkinsci/notification-plugin: JobState, BuildState, ScmState, TestState; jenkinsci/outbound-webhook-plugin).</summary>
internal static class JenkinsEvents
{
    public static EventFacts Row { get; } = new("build", Also("phase", "build.phase"), Bad("status", "build.status|event"), Also("number", "build.number"),
        Also("tests_failed", "build.test_summary.failed"), Also("tests_total", "build.test_summary.total"), Also("head_sha", "build.scm.commit"),
        Link("url", "build.full_url|buildUrl"), Also("path", "build.url"), What("job", "display_name|name|projectName"), Where("branch", "build.scm.branch"),
        What("failed_tests", "build.test_summary.failed_tests[].name|build.test_summary.failed_tests[]"), Also("build_name", "buildName"), Also("culprits", "build.scm.culprits[]"),
        Also("scm_url", "build.scm.url"), Prose("notes", "build.notes"))
    {
        Rests = "phase: all but FINALIZED; status: SUCCESS, ABORTED, NOT_BUILT, START; a success makes what waits needless",
    };
}
