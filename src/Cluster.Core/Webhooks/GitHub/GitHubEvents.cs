using System.Collections.Frozen;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;

namespace Cluster.Core.Webhooks.GitHub;

/// <summary>What is told of each event of GitHub's (GitHub Docs: webhook events and payloads; octokit/webhooks, payload-schemas).</summary>
internal static class GitHubEvents
{
    private const string NotFailed = "action, conclusion: all but completed with failure, timed_out, action_required or startup_failure";

    private static readonly EventFact Action = Also("action", "action");
    private static readonly EventFact Repository = Where("repository", "repository.full_name");
    private static readonly EventFact Commit = Link("commit_url", "{repository.html_url}/commit/{deployment.sha}");
    private static readonly EventFact[] Actor = [Also("sender", "sender.login"), Also("sender_id", "sender.id")];
    private static readonly EventFact[] Package =
    [
        What("package", "package.name|registry_package.name"), Bad("version", "package.package_version.version|registry_package.package_version.version"),
        Also("ecosystem", "package.package_type|registry_package.package_type"), Link("url", "package.html_url|registry_package.html_url"),
    ];

    private static readonly EventFact[] Thread =
    [
        What("title", "pull_request.title|issue.title|discussion.title"), Also("number", "pull_request.number|issue.number|discussion.number"),
        Bad("state", "issue.state|pull_request.state|discussion.state"), Also("labels", "issue.labels[].name|pull_request.labels[].name"),
        Also("label", "label.name"), Also("assignee", "assignee.login"),
    ];

    /// <summary>Of an event that has no row.</summary>
    public static EventFacts Unknown { get; } = new(EventFacts.Any, [Action, Repository, Also("number", ""), Link("url", "compare"), Also("title", ""), Also("body", ""), Also("author", ""), .. Actor, Also(FieldFact.Rest, "")]);

    public static IReadOnlyList<EventFacts> All { get; } =
    [
        new("check_run", Action, Repository, Bad("conclusion", "check_run.conclusion"), Link("url", "check_run.html_url"), Also("head_sha", "check_run.head_sha"),
            Also("app", "check_run.app.slug"), Also("app_id", "check_run.app.id"), Also("check_run_id", "check_run.id"), What("name", "check_run.name"),
            Also("branch", "check_run.check_suite.head_branch"), Also("output_title", "check_run.output.title"), Prose("output_summary", "check_run.output.summary"),
            Also("output_text", "check_run.output.text"), Also("author", "")) { Rests = NotFailed },
        new("check_suite", Action, Repository, Bad("conclusion", "check_suite.conclusion"), Link("url", "{repository.html_url}/commit/{check_suite.head_sha}"),
            Also("head_sha", "check_suite.head_sha"), What("app", "check_suite.app.slug"), Also("app_id", "check_suite.app.id"), Also("checks", "check_suite.latest_check_runs_count"),
            Also("branch", "check_suite.head_branch"), Also("author", "")) { Rests = NotFailed },
        new("workflow_run", Action, Repository, Bad("conclusion", "workflow_run.conclusion"), Link("url", "workflow_run.html_url"), Also("head_sha", "workflow_run.head_sha"),
            Also("trigger", "workflow_run.event"), Also("run_number", "workflow_run.run_number"), Also("run_attempt", "workflow_run.run_attempt"),
            What("name", "workflow_run.name"), Also("branch", "workflow_run.head_branch"), Also("author", "")) { Rests = NotFailed },
        new("workflow_job", Action, Repository, Bad("conclusion", "workflow_job.conclusion"), Link("url", "workflow_job.html_url"), Also("head_sha", "workflow_job.head_sha"),
            Also("run_id", "workflow_job.run_id"), Also("run_attempt", "workflow_job.run_attempt"), What("name", "workflow_job.name"), Also("workflow", "workflow_job.workflow_name"),
            Also("branch", "workflow_job.head_branch"), Also("runner", "workflow_job.runner_name"), Also("environment", "deployment.environment"),
            Also("sender", "sender.login"), Also("author", ""), Also("failed_step", ""), Also("failed_step_name", "")) { Rests = NotFailed },
        new("status", Repository, Bad("state", "state"), What("context", "context"), Link("url", "commit.html_url"), Link("target_url", "target_url"), Also("head_sha", "sha"),
            Also("branch", "branches[].name"), Also("description", "description"), Also("sender", "sender.login"), Also("author", ""))
            { Outcome = new Outcome("state", "state", "success pending") },
        new("deployment", [Action, Repository, What("task", "deployment.task"), Where("environment", "deployment.environment"), Link("commit_url", "{repository.html_url}/commit/{deployment.sha}"),
            Also("head_sha", "deployment.sha"), Also("ref", "deployment.ref"), Also("description", "deployment.description"), .. Actor]),
        new("deployment_status", [Action, Repository, Bad("state", "deployment_status.state"), Where("environment", "deployment_status.environment|deployment.environment"),
            Link("url", "deployment_status.log_url|deployment_status.target_url|workflow_run.html_url"), Commit, Also("head_sha", "deployment.sha"), Also("ref", "deployment.ref"),
            What("task", "deployment.task"), Prose("description", "deployment_status.description"), Link("environment_url", "deployment_status.environment_url"), .. Actor])
            { Outcome = new Outcome("state", "deployment_status.state", "success pending in_progress queued waiting inactive") },
        new("deployment_review", [Action, Repository, Where("environment", "workflow_job_run.environment|workflow_job_runs[].environment"), What("name", "workflow_run.name"),
            Link("url", "workflow_run.html_url"), Also("head_sha", "workflow_run.head_sha"), Also("branch", "workflow_run.head_branch"), .. Actor]),
        new("deployment_protection_rule", [Action, Repository, Where("environment", "environment"), Also("trigger", "event"), Also("head_sha", "deployment.sha"),
            Also("ref", "deployment.ref"), Commit, .. Actor]),
        new("pull_request", [Action, Repository, .. Actor, Also("number", "pull_request.number"), Link("url", "pull_request.html_url"), Also("head_sha", "pull_request.head.sha"),
            Also("author_id", "pull_request.user.id"), Also("changed_files", "pull_request.changed_files"), Also("draft", "pull_request.draft"), Also("merged", "pull_request.merged"),
            What("title", "pull_request.title"), Also("branch", "pull_request.head.ref"), Also("target", "pull_request.base.ref"), Also("label", "label.name"),
            Prose("body", "pull_request.body"), Also("author", "")]),
        new("pull_request_review", [Action, Repository, Bad("state", "review.state"), Link("url", "review.html_url|pull_request.html_url"), Also("head_sha", "review.commit_id"),
            What("title", "pull_request.title"), Also("number", "pull_request.number"), Also("branch", "pull_request.head.ref"), Prose("body", "review.body"),
            Also("author_id", "review.user.id"), Also("author", ""), .. Actor]),
        new("pull_request_review_comment", [Action, Repository, Link("url", "comment.html_url|pull_request.html_url"), What("title", "pull_request.title"),
            Also("number", "pull_request.number"), Where("path", "comment.path"), Also("line", "comment.line"), Prose("body", "comment.body"), Also("author_id", "comment.user.id"),
            Also("author", ""), .. Actor]),
        new("pull_request_review_thread", [Action, Repository, Link("url", "thread.comments[0].html_url|pull_request.html_url"), What("title", "pull_request.title"),
            Also("number", "pull_request.number"), Where("path", "thread.comments[0].path"), Also("author", ""), .. Actor]),
        .. Each("issues discussion sub_issues issue_dependencies", new("issues",
            [Action, Repository, .. Thread, Link("url", "issue.html_url|discussion.html_url|sub_issue.html_url|blocked_issue.html_url"),
            Prose("body", ""), Also("author", ""), .. Actor])),
        .. Each("issue_comment discussion_comment", new("issue_comment",
            [Action, Repository, .. Thread, Link("url", "comment.html_url|issue.html_url|discussion.html_url"), Prose("body", ""), Also("author", ""), .. Actor])),
        new("commit_comment", [Action, Repository, Link("url", "comment.html_url"), Also("head_sha", "comment.commit_id"), Where("path", "comment.path"), Prose("body", "comment.body"),
            Also("author", ""), .. Actor]),
        new("push", Repository, Also("sender", "sender.login"), Also("sender_id", "sender.id"), Also("before", "before"), Also("after", "after"), Also("forced", "forced"),
            Link("url", "head_commit.url|compare"), What("ref", "ref"), Also("commits", "")) { Rests = "all but the default branch; a branch that is deleted" },
        .. Each("create delete", new("create", [Repository, What("ref", "ref"), Also("ref_type", "ref_type"), .. Actor])),
        new("merge_group", [Action, Repository, Bad("reason", "reason"), Also("head_sha", "merge_group.head_sha"), What("ref", "merge_group.head_ref"),
            Link("url", "{repository.html_url}/commit/{merge_group.head_sha}"), .. Actor]),
        new("release", [Action, Repository, What("tag", "release.tag_name"), Link("url", "release.html_url"), Also("title", "release.name"), Also("prerelease", "release.prerelease"),
            Also("draft", "release.draft"), Also("author_id", "release.author.id"), Also("author", ""), .. Actor]),
        .. Each("package registry_package", new("package", [Action, Repository, .. Package, .. Actor])),
        new("page_build", [Repository, Bad("status", "build.status"), What("error", "build.error.message"), Also("head_sha", "build.commit"),
            Link("url", "{repository.html_url}/commit/{build.commit}"), .. Actor]) { Outcome = new Outcome("status", "build.status", "built building queued") },
        new("repository_import", [Repository, Bad("status", "status"), Link("url", "repository.html_url"), .. Actor]) { Outcome = new Outcome("status", "status", "success") },
        .. GitHubSecurity.All,
        .. Each("projects_v2_item projects_v2 projects_v2_status_update", new("projects_v2_item",
            [Action, What("content_type", "projects_v2_item.content_type"), Where("organization", "organization.login"), Also("number", "projects_v2.number"),
            Also("item_id", "projects_v2_item.id|projects_v2_status_update.id"), Also("title", "projects_v2.title"), Bad("status", "projects_v2_status_update.status"),
            Also("field_name", "changes.field_value.field_name"), Prose("body", "projects_v2_status_update.body"), Also("author", ""), .. Actor])
            { Strangers = true }),
        new("repository_dispatch", [Action, Repository, What("ref", "branch"), .. Actor]),
        new("workflow_dispatch", [Repository, What("workflow", "workflow"), Also("ref", "ref"), .. Actor]),
        .. Each("member membership organization team team_add", new("member",
            [Action, Repository, What("member", "member.login|membership.user.login|invitation.login"), Also("team", "team.slug"), Where("organization", "organization.login"),
            Bad("permission", "changes.permission.to|changes.role_name.to|team.permission|membership.role"), .. Actor])),
        new("deploy_key", [Action, Repository, What("key", "key.title"), Also("read_only", "key.read_only"), .. Actor]),
        .. Each("branch_protection_rule repository_ruleset", new("branch_protection_rule",
            [Action, Repository, What("rule", "rule.name|repository_ruleset.name"), Bad("enforcement", "repository_ruleset.enforcement"),
            Link("url", "repository_ruleset._links.html.href"), .. Actor])),
        .. Each("milestone label", new("milestone", [Action, Repository, What("name", "milestone.title|label.name"), Also("number", "milestone.number"), Link("url", "milestone.html_url"), .. Actor])),
        .. Each("repository public meta star watch fork gollum", new("repository",
            [Action, Repository, Link("url", "forkee.html_url|pages[0].html_url|repository.html_url"), What("name", "forkee.full_name|pages[].title"), Also("visibility", "repository.visibility"), Also("author", ""), .. Actor])
            { Strangers = true }),
        Unknown,
    ];

    public static FrozenDictionary<string, EventFacts> ByName { get; } = EventRows.ByName(All.Where(row => row != Unknown));
}
