using System.Collections.Frozen;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;

namespace Cluster.Core.Webhooks.Bitbucket;

/// <summary>What is told of each event of Bitbucket's: Cloud (Atlassian Support: event payloads), and Data Center, whose keys are others
/// (Atlassian: Bitbucket Data Center, event payload: <c>pullRequest</c>, <c>toRef</c>, <c>links.self</c>).</summary>
internal static class BitbucketEvents
{
    private const string Pr = "pullRequest.toRef.repository";

    private static readonly EventFact Repository =
        Where("repository", $"repository.full_name|{{{Pr}.project.key}}/{{{Pr}.slug}}|{{repository.project.key}}/{{repository.slug}}|{{new.project.key}}/{{new.slug}}");

    private static readonly EventFact State = Bad("state", "pullrequest.state|pullRequest.state|issue.state");
    private static readonly EventFact Url = Link("url",
        "comment.links.html.href|pullrequest.links.html.href|issue.links.html.href|pullRequest.links.self[0].href|repository.links.html.href|repository.links.self[0].href");

    private static readonly EventFact[] Request =
    [
        Repository, Also("number", "pullrequest.id|pullRequest.id|issue.id"), State, Url, Also("head_sha", "pullrequest.source.commit.hash|pullRequest.fromRef.latestCommit"),
        Also("branch", "pullrequest.source.branch.name|pullRequest.fromRef.displayId"), Also("target", "pullrequest.destination.branch.name|pullRequest.toRef.displayId"),
        What("title", "pullrequest.title|pullRequest.title|issue.title"), Bad("priority", "issue.priority"), Also("kind", "issue.kind"), Bad("verdict", "participant.status"),
        Where("path", "comment.inline.path|commentParentAnchor.path"),
        Prose("text", "pullrequest.description|pullRequest.description|issue.content.raw"), Also("author", ""),
    ];

    /// <summary>A comment's words are not those of whoever opened what it stands on, and that title is not its author's.</summary>
    public static EventFacts Comment { get; } = new("comment", [.. Request.Where(fact => fact.Field is not "text" and not "title"), Prose("text", "comment.content.raw|comment.text")]);

    /// <summary>Of an event that has no row.</summary>
    public static EventFacts Unknown { get; } = new(EventFacts.Any, Request);

    public static IReadOnlyList<EventFacts> All { get; } =
    [
        .. Each("repo.commit_status_created repo.commit_status_updated", new("repo.commit_status_updated", Repository, Bad("state", "commit_status.state"),
            Also("head_sha", "commit_status.commit.hash"), Link("url", "{repository.links.html.href}/commits/{commit_status.commit.hash}|commit_status.links.commit.href|repository.links.html.href"),
            What("name", "commit_status.name"), Also("key", "commit_status.key"), Link("target_url", "commit_status.url"), Also("branch", "commit_status.refname"),
            Prose("text", "commit_status.description"), Also("author", "")) { Outcome = new Outcome("state", "commit_status.state", "SUCCESSFUL INPROGRESS STOPPED") }),
        new("repo.push", Repository, Also("changes", ""), Also("before", "push.changes[-1].old.target.hash"), Also("after", "push.changes[-1].new.target.hash"),
            Link("url", "repository.links.html.href"), What("branch", "push.changes[-1].new.name")) { Rests = "a push that only deletes" },
        new("repo.refs_changed", Repository, Also("changes", ""), Also("before", "changes[-1].fromHash"), Also("after", "changes[-1].toHash"), Link("url", "repository.links.self[0].href"),
            What("branch", "changes[-1].ref.displayId"), Also("change", "changes[-1].type")) { Rests = "a push that only deletes" },
        .. Each("repo.build_status mirror.repo_synchronized repo.modified repo.forked repo.fork repo.updated repo.transfer repo.imported repo.created repo.deleted", new("repo.forked",
            Repository, Bad("state", "buildStatus.state|build.state"), What("name", "buildStatus.name|buildStatus.key|fork.full_name|mirrorServer.name|new.name"),
            Link("url", "buildStatus.url|repository.links.html.href|repository.links.self[0].href")) { Outcome = new Outcome("state", "buildStatus.state|build.state", "SUCCESSFUL INPROGRESS STOPPED") }),
        .. Each(
            "pullrequest.created pullrequest.updated pullrequest.approved pullrequest.unapproved pullrequest.changes_request_created pullrequest.changes_request_removed pullrequest.fulfilled"
            + " pullrequest.rejected pullrequest.comment_created pullrequest.comment_updated pullrequest.comment_deleted pullrequest.comment_resolved pullrequest.comment_reopened"
            + " issue.created issue.updated issue.comment_created repo.commit_comment_created"
            + " pr.opened pr.from_ref_updated pr.modified pr.merged pr.declined pr.deleted pr.reviewer.updated pr.reviewer.approved pr.reviewer.unapproved pr.reviewer.needs_work"
            + " pr.reviewer.changes_requested pr.comment.added pr.comment.edited pr.comment.deleted repo.comment.added repo.comment.edited repo.comment.deleted",
            new("pullrequest.created", Request)),
        Unknown,
    ];

    public static FrozenDictionary<string, EventFacts> ByName { get; } = EventRows.ByName(All.Where(row => row != Unknown));
}
