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
        Made("state", Words("""
            SUCCESSFUL FAILED INPROGRESS STOPPED UNKNOWN CANCELLED OPEN MERGED DECLINED SUPERSEDED new open submitted resolved closed invalid duplicate wontfix
            """), "one of Bitbucket's words"),
        .. new[] { "head_sha", "before", "after" }.Select(field => Made(field, Hex, "a hash of the commit")),
        Made("number", Number, "Bitbucket numbers it"),
        Ours("changes", Number, "counted here"),
        Author,
        Made(
            "url",
            new Link("(/pull-requests/[0-9]{1,10}|/commits/[0-9a-f]{7,64})?(#comment-[0-9]{1,20})?|(?<kept>/issues/[0-9]{1,10})/[^/?#]{1,300}|/issues/[0-9]{1,10}", "repository"),
            "Bitbucket makes it of the repository's name, fixed words and numbers; behind an issue's number stands its title, which is cut off"),
        Made("priority", Words("trivial minor major critical blocker"), "one of Bitbucket's words"),
        Made("kind", Words("bug enhancement proposal task"), "one of Bitbucket's words"),
        Made("verdict", Words("APPROVED UNAPPROVED NEEDS_WORK"), "one of Bitbucket's words"),
        Made("change", Words("ADD UPDATE DELETE"), "one of Bitbucket's words"),
        .. Names("whoever pushed, or built the commit, chose it", "name", "path"),
        .. Tokens("whoever pushed, or built the commit, chose it", "branch", "target", "key", "target_url"),
        .. Texts("whoever opened or commented writes it", "title", "text"),
        Rest,
    ];
}
