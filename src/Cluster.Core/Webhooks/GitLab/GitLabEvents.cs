using System.Collections.Frozen;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;

namespace Cluster.Core.Webhooks.GitLab;

/// <summary>What is told of each event of GitLab's (GitLab Docs: webhook_events), by its <c>object_kind</c>, a build's being called a job.</summary>
internal static class GitLabEvents
{
    private static readonly EventFact Project = Where("project", "project.path_with_namespace");
    private static readonly EventFact Group = Where("group", "group.full_path|group.group_path|full_path|group_path");
    private static readonly EventFact Action = Also("action", "object_attributes.action|action");
    private static readonly EventFact Url = Link("url", "object_attributes.url|project.web_url");
    private static readonly EventFact[] Author = [Also("author_id", "object_attributes.author_id"), Also("author", "")];

    /// <summary>Of an event that has no row.</summary>
    public static EventFacts Unknown { get; } = new(EventFacts.Any, [Action, Project, Group, Also("number", "object_attributes.iid"), Link("url", "object_attributes.url|project.web_url|url"), .. Author]);

    public static IReadOnlyList<EventFacts> All { get; } =
    [
        new("pipeline", Project, Bad("status", "object_attributes.status"), Link("url", "object_attributes.url"), What("pipeline_id", "object_attributes.id"),
            Also("head_sha", "object_attributes.sha"), Also("source", "object_attributes.source"), Also("merge_request", "merge_request.iid"), Also("failed_jobs", ""),
            Also("first_failed_job", ""), Also("failure_reason", ""), Also("author", ""), Also("branch", "object_attributes.ref"), What("failed_job_names", ""))
            { Rests = "status: all but failed" },
        new("job", Project, Bad("status", "build_status"), Bad("failure_reason", "build_failure_reason"), What("job_id", "build_id"), Also("pipeline_id", "pipeline_id"),
            Also("head_sha", "sha"), Link("url", "{project.web_url}/-/jobs/{build_id}|{repository.homepage}/-/jobs/{build_id}|project.web_url|repository.homepage"),
            Also("allow_failure", "build_allow_failure"), What("name", "build_name"), Also("stage", "build_stage"), Where("environment", "environment.name"),
            Also("branch", "ref"), Also("runner", "runner.description"), Also("author", "")) { Rests = "status: all but failed" },
        new("merge_request", Action, Project, Also("number", "object_attributes.iid"), Link("url", "object_attributes.url"), Bad("state", "object_attributes.state"),
            Also("head_sha", "object_attributes.last_commit.id"), Also("author_id", "object_attributes.author_id"), Also("draft", "object_attributes.draft|object_attributes.work_in_progress"),
            Also("merge_status", "object_attributes.detailed_merge_status"), What("title", "object_attributes.title"), Also("branch", "object_attributes.source_branch"),
            Also("target", "object_attributes.target_branch"), Prose("description", "object_attributes.description"), Also("author", ""))
            { Rests = "action: all but open, reopen" },
        new("push", Project, Link("url", "project.web_url"), Also("before", "before"), Also("after", "after"), Also("commits", "total_commits_count"), Also("user_id", "user_id"),
            What("ref", "ref")) { Rests = "all but the default branch" },
        new("tag_push", Project, Link("url", "project.web_url"), Also("before", "before"), Also("after", "after"), Also("user_id", "user_id"), What("ref", "ref"), Prose("text", "message")),
        new("deployment", Bad("status", "status"), Project, Where("environment", "environment"), Also("environment_tier", "environment_tier"), Link("url", "deployable_url|project.web_url"),
            Link("commit_url", "commit_url"), What("deployment_id", "deployment_id"), Also("job_id", "deployable_id"), Also("head_sha", "short_sha"), Also("ref", "ref"))
            { Outcome = new Outcome("status", "status", "success running created blocked canceled skipped") },
        .. Each("issue work_item", new("issue", [Action, Project, Also("number", "object_attributes.iid"), Url, Bad("severity", "object_attributes.severity"),
            Also("issue_type", "object_attributes.type"), Also("state", "object_attributes.state"), What("title", "object_attributes.title"), Also("labels", "labels[].title"),
            Prose("text", "object_attributes.description"), .. Author]) { Rests = "an incident that is closed" }),
        new("note", [Action, Project, Also("noteable", "object_attributes.noteable_type"), Also("number", "issue.iid|merge_request.iid|snippet.id"), Url,
            What("title", "issue.title|merge_request.title|snippet.title"), Where("path", "object_attributes.position.new_path"), Also("head_sha", "object_attributes.commit_id|commit.id"),
            Prose("text", "object_attributes.note"), .. Author]),
        new("release", [Also("action", "action"), Project, What("tag", "tag"), Link("url", "url|project.web_url"), Also("head_sha", "commit.id"), Also("title", "name")]) { Strangers = true },
        new("vulnerability", [Action, Project, Bad("severity", "object_attributes.severity"), Also("state", "object_attributes.state"), Url,
            What("identifiers", "object_attributes.identifiers[].name"), What("package", "object_attributes.location.dependency.package.name"),
            Where("path", "object_attributes.location.file|object_attributes.location.path|object_attributes.location.image"), Also("line", "object_attributes.location.start_line"),
            Also("version", "object_attributes.location.dependency.version"), Also("report_type", "object_attributes.report_type"), Also("confidence", "object_attributes.confidence"),
            Also("title", "object_attributes.title"), Also("author", "")]) { Outcome = new Outcome("state", "object_attributes.state", "resolved dismissed"), Strangers = true },
        .. Each("access_token deploy_token", new("access_token", Also("event_name", "event_name"), Project, Group, What("name", "object_attributes.name"),
            Bad("expires_at", "object_attributes.expires_at"), Also("token_id", "object_attributes.id"), Link("url", "project.web_url|group.web_url"))),
        new("feature_flag", Project, What("name", "object_attributes.name"), Bad("active", "object_attributes.active"), Link("url", "project.web_url")),
        new("milestone", [Action, Project, What("name", "object_attributes.title"), Also("state", "object_attributes.state"), Also("number", "object_attributes.iid"), Link("url", "project.web_url")]),
        new("wiki_page", [Action, Project, What("name", "object_attributes.slug"), Url]) { Strangers = true },
        new("emoji", [Action, Project, Also("name", "object_attributes.name"), Also("noteable", "object_attributes.awardable_type"), Link("url", "object_attributes.awarded_on_url|issue.url|merge_request.url"),
            Also("number", "issue.iid|merge_request.iid"), Also("author", "")]) { Strangers = true },
        .. Each("user_add_to_group user_remove_from_group user_update_for_group user_access_request_to_group user_access_request_denied_for_group user_add_to_team user_remove_from_team user_update_for_team",
            new("member", Group, Project, What("member", "user_username"), Bad("access", "group_access|project_access|access_level"), Also("expires_at", "expires_at"))),
        .. Each("project_create project_destroy project_rename project_transfer project_update subgroup_create subgroup_destroy",
            new("project", Where("project", "path_with_namespace"), Group, What("name", "name"), Also("visibility", "project_visibility"))),
        Unknown,
    ];

    public static FrozenDictionary<string, EventFacts> ByName { get; } = EventRows.ByName(All.Where(row => row != Unknown));
}
