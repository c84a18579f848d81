using System.Text.RegularExpressions;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.GitHub;

/// <summary>Who writes what GitHub's deliveries tell (GitHub Docs: webhook events and payloads).</summary>
internal static partial class GitHubFacts
{
    private const string Said = "one of GitHub's words";
    private const string Ids = "GitHub numbers it";
    private const string Written = "whoever opened, pushed, committed or configured it writes it";
    private const string Login = "everybody chooses the name of an own account";

    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Made("action", Words("""
            added answered appeared_in_branch approved archived assigned auto_dismissed auto_merge_disabled auto_merge_enabled auto_reopened blocked
            cancelled category_changed checks_requested closed closed_by_user completed converted converted_to_draft created deleted demilestoned denied
            dequeued destroyed disabled dismissed edited enabled enqueued fixed in_progress joined labeled left locked member_added member_invited
            member_removed milestoned moved new_permissions_accepted opened performed pinned prereleased privatized published publicized publicly_leaked
            queued ready_for_review reintroduced rejected released removed renamed reopened reopened_by_user reordered reported requested requested_action
            rerequested resolved restored review_request_removed review_requested revoked started submitted suspend synchronize transferred typed
            unanswered unarchived unassigned unblocked unlabeled unlocked unpinned unpublished unresolved unsuspend untyped updated validated waiting
            withdrawn
            """), Said),
        Users("action", "a client of the API names the event that it dispatches") with { Event = "repository_dispatch" },
        Named("repository", Of(Repository()), "the repository of the hook, or one of its organization; a fork's events go to the fork's own hooks"),
        Made("conclusion", Words("success failure neutral cancelled skipped timed_out action_required startup_failure stale"), Said),
        Made("trigger", Words("""
            branch_protection_rule check_run check_suite create delete deployment deployment_status discussion discussion_comment dynamic fork gollum
            issue_comment issues label merge_group milestone page_build project project_card project_column public pull_request pull_request_comment
            pull_request_review pull_request_review_comment pull_request_target push registry_package release repository_dispatch schedule status watch
            workflow_call workflow_dispatch workflow_run
            """), Said),
        Made("severity", Words("low medium moderate high critical error warning note none"), "the advisory database or the scanner's rule rates it"),
        Made("state", Words("""
            error failure pending success queued in_progress waiting inactive open closed fixed dismissed auto_dismissed resolved approved changes_requested commented merged
            locked draft triage published
            """), Said),
        Made("status", Words("built building errored queued success failure cancelled INACTIVE ON_TRACK AT_RISK OFF_TRACK COMPLETE"), Said),
        Made("validity", Words("active inactive unknown"), "GitHub asks the issuer of the secret"),
        Made("resolution", Words("false_positive wont_fix revoked pattern_edited pattern_deleted used_in_tests"), Said),
        .. new[] { "publicly_leaked", "multi_repo", "bypassed", "merged", "prerelease", "read_only" }.Select(field => Ours(field, Words("true"), "a flag of GitHub's")),
        Made("ref_type", Words("branch tag repository"), Said),
        Made("reason", Words("merged invalidated dequeued"), Said),
        Made("enforcement", Words("active evaluate disabled"), Said),
        Made("visibility", Words("public private internal"), Said),
        Made("content_type", Words("Issue PullRequest DraftIssue"), Said),
        Made("location_type", Words("""
            commit wiki_commit issue_title issue_body issue_comment discussion_title discussion_body discussion_comment pull_request_title pull_request_body
            pull_request_comment pull_request_review pull_request_review_comment
            """), Said),
        Made("ecosystem", Words("actions cargo composer erlang go maven npm nuget other pip pub rubygems rust swift"), Said),
        Made("ghsa_id", Of(Advisory()), "GitHub draws it"),
        Made("cve_id", Of(Cve()), "a numbering authority gives it"),
        .. new[] { "head_sha", "before", "after" }.Select(field => Made(field, Of(Sha()), "a hash of the commit")),
        .. Numbers(Ids, "app_id", "author_id", "check_run_id", "item_id", "number", "run_attempt", "run_id", "run_number", "sender_id"),
        .. Numbers("GitHub counts it", "changed_files", "checks", "failed_step", "line"),
        Ours("commits", Number, "counted here"),
        Ours("draft", Words("true"), "a flag of GitHub's"),
        Ours("forced", Words("true"), "a flag of GitHub's"),
        Author,
        Made(
            "url",
            new Link(
                @"(/(pull|issues|discussions|milestone|runs|security/(dependabot|code-scanning|secret-scanning))/[0-9]{1,20}"
                + @"|/actions/runs/[0-9]{1,20}(/job/[0-9]{1,20}|/attempts/[0-9]{1,9})?"
                + @"|/commit/[0-9a-f]{7,64}|/compare/[0-9a-f]{7,64}\.\.\.[0-9a-f]{7,64}|/security/advisories/GHSA(-[2-9cfghjmpqrvwx]{4}){3})?"
                + "(#(issuecomment-|discussion_r|pullrequestreview-|discussioncomment-|issue-)[0-9]{1,20})?",
                "repository"),
            "GitHub makes it of the repository's name, fixed words and numbers; that of a tag or a branch has their name in it"),
        Users("sender", Login) with { IsNeeded = true, IsToken = true },
        Users("app", "the slug of an app, which its developer chooses") with { IsNeeded = true },
        Users("package", "whoever published it chose its name") with { IsNeeded = true },
        Made("commit_url", new Link("/commit/[0-9a-f]{7,64}", "repository"), "made of the repository's address and a hash"),
        .. Names(Written, "name", "context", "environment", "task", "workflow", "failed_step_name", "runner", "path", "rule", "tool", "patched", "version", "key", "permission", "field_name", "secret_name"),
        .. Tokens(Written, "branch", "ref", "tag", "target", "team", "member", "organization", "assignee", "secret_type", "type", "source"),
        .. Tokens("whoever reported a status, deployed, or described a weakness gives the address", "target_url", "environment_url", "reference"),
        .. Texts(Written, "output_title", "output_summary", "output_text", "title", "body", "description", "error", "label", "labels"),
        Rest,
    ];

    [GeneratedRegex(@"\A[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}\z")]
    private static partial Regex Repository();

    [GeneratedRegex(@"\A[0-9a-f]{40}([0-9a-f]{24})?\z")]
    private static partial Regex Sha();

    [GeneratedRegex(@"\AGHSA(-[2-9cfghjmpqrvwx]{4}){3}\z")]
    private static partial Regex Advisory();

    [GeneratedRegex(@"\ACVE-[0-9]{4}-[0-9]{4,19}\z")]
    private static partial Regex Cve();
}
