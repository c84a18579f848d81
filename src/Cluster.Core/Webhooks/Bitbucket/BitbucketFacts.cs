using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.Bitbucket;

/// <summary>Who writes what Bitbucket's deliveries tell (Atlassian Support: event payloads).</summary>
internal static class BitbucketFacts
{
    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Named("repository", Of(Shapes.Repository()), "the repository of the hook"),
        Made("state", Words("SUCCESSFUL FAILED INPROGRESS STOPPED"), "one of Bitbucket's words"),
        .. new[] { "head_sha", "before", "after" }.Select(field => Made(field, Hex, "a hash of the commit")),
        Made("number", Number, "Bitbucket numbers it"),
        Ours("changes", Number, "counted here"),
        Author,
        Made(
            "url",
            new Link("(/pull-requests/[0-9]{1,10}|/commits/[0-9a-f]{7,64})?(#comment-[0-9]{1,20})?|(?<kept>/issues/[0-9]{1,10})/[^/?#]{1,300}|/issues/[0-9]{1,10}", "repository"),
            "Bitbucket makes it of the repository's name, fixed words and numbers; behind an issue's number stands its title, which is cut off"),
        .. Texts("whoever opened, pushed or commented writes it", "branch", "title", "text"),
    ];
}
