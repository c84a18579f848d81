using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.Buildkite;

/// <summary>Who writes what Buildkite's deliveries tell (Buildkite Docs: webhooks).</summary>
internal static class BuildkiteFacts
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
        Made(
            "url",
            new Link("/builds/[0-9]{1,10}(#[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?", "pipeline", "/[a-z0-9][a-z0-9-]{0,99}"),
            "Buildkite makes it of the organization's and the pipeline's own names and a number"),
        Users("branch", "whoever pushed, or opened a pull request"),
    ];
}
