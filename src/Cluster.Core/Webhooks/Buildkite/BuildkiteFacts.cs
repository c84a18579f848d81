using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.Buildkite;

/// <summary>Who writes what Buildkite's deliveries tell (Buildkite Docs: webhooks).</summary>
internal static partial class BuildkiteFacts
{
    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Made("state", Words("""
            creating scheduled running started passed failing failed blocked canceling canceled skipped not_run waiting waiting_failed finished
            """), "one of Buildkite's words"),
        Named("pipeline", Of(Shapes.Slug()), "a pipeline of the organization of the hook"),
        Made("number", Number, "Buildkite counts it"),
        Made("head_sha", Hex, "a hash of the commit"),
        Author,
        Made("connection_state", Words("connected disconnected stopping stopped lost never_connected"), "one of Buildkite's words"),
        Made("job_state", Words("""
            pending waiting waiting_failed blocked blocked_failed unblocked unblocked_failed limiting limited scheduled assigned accepted running finished passed
            failed canceling canceled expired timing_out timed_out skipped broken
            """), "one of Buildkite's words"),
        Made("exit_status", Number, "the exit code of the job"),
        .. new[] { "blocked", "soft_failed" }.Select(field => Ours(field, Words("true"), "a flag of Buildkite's")),
        Made("agent_id", Of(Uuid()), "Buildkite draws it"),
        Made("job_url", new Link("/builds/[0-9]{1,10}#[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "pipeline", "/[a-z0-9][a-z0-9-]{0,99}"), "as that of the build"),
        Made(
            "url",
            new Link("/builds/[0-9]{1,10}(#[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?", "pipeline", "/[a-z0-9][a-z0-9-]{0,99}"),
            "Buildkite makes it of the organization's and the pipeline's own names and a number"),
        .. Names("whoever pushed, or opened a pull request", "job_name"),
        .. Tokens("whoever pushed, or opened a pull request", "branch"),
        .. Names("whoever runs the agent", "agent", "queue"),
        .. Tokens("whoever runs the agent", "hostname", "version", "blocked_ip"),
        Rest,
    ];

    [System.Text.RegularExpressions.GeneratedRegex(@"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z")]
    private static partial System.Text.RegularExpressions.Regex Uuid();
}
