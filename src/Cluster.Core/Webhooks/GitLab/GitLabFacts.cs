using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.GitLab;

/// <summary>Who writes what GitLab's deliveries tell (GitLab Docs: webhook_events; gitlab-org/gitlab, enums of Ci::Pipeline and CommitStatus).</summary>
internal static class GitLabFacts
{
    private const string Said = "one of GitLab's words";
    private const string Written = "whoever opened, pushed, committed or configured it writes it";

    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Named("project", Of(Shapes.Repository()), "the project of the hook, or one of its group"),
        Made("action", Words("""
            approval approved award close closed create created delete deleted mark_as_draft mark_as_ready merge merged open reopen reopened revoke start stop
            unapproval unapproved update updated
            """), Said),
        Made("status", Words("""
            blocked canceled canceling created failed manual pending preparing running scheduled skipped success waiting_for_callback waiting_for_resource
            """), Said),
        Made("state", Words("opened closed merged locked active detected confirmed resolved dismissed"), Said),
        Made("severity", Words("critical high medium low info unknown"), "one of GitLab's words, by a scanner or who may change incidents"),
        Made("confidence", Words("confirmed high medium low unknown experimental ignore"), Said),
        Made("report_type", Words("""
            api_fuzzing cluster_image_scanning container_scanning container_scanning_for_registry coverage_fuzzing dast dependency_scanning generic sast
            sast_iac secret_detection security_audit
            """), Said),
        Made("environment_tier", Words("production staging testing development other"), Said),
        Made("issue_type", Words("Issue Incident Task Epic Objective Requirement Ticket Key_Result"), Said),
        Made("noteable", Words("Issue MergeRequest Commit Snippet WorkItem Note Epic"), Said),
        Made("merge_status", Words("""
            approvals_syncing checking ci_must_pass ci_still_running commits_status conflict discussions_not_resolved draft_status external_status_checks
            jira_association_missing locked_lfs_files locked_paths mergeable merge_request_blocked merge_time need_rebase not_approved not_open preparing
            requested_changes security_policy_pipeline_check security_policy_violations status_checks_must_pass title_regex unchecked
            """), Said),
        Made("visibility", Words("public private internal"), Said),
        .. new[] { "allow_failure", "draft", "active" }.Select(field => Ours(field, Words("true"), "a flag of GitLab's")),
        Made("source", Words("""
            api chat container_registry_push duo_workflow external external_pull_request_event merge_request_event ondemand_dast_scan
            ondemand_dast_validation parent_pipeline pipeline pipeline_execution_policy_schedule push schedule security_orchestration_policy trigger web webide
            """), Said),
        Made("failure_reason", Words("""
            api_failure archived_failure bridge_pipeline_is_child_pipeline builds_disabled ci_quota_exceeded data_integrity_failure deployment_rejected
            downstream_bridge_project_not_found downstream_pipeline_creation_failed environment_creation_failure failed_outdated_deployment_job
            forward_deployment_failure insufficient_bridge_permissions insufficient_upstream_permissions invalid_bridge_trigger ip_restriction_failure
            job_execution_timeout job_token_expired missing_dependency_failure no_matching_runner pipeline_loop_detected project_deleted
            protected_environment_failure reached_downstream_pipeline_trigger_rate_limit reached_max_descendant_pipelines_depth
            reached_max_pipeline_hierarchy_size runner_system_failure runner_unsupported scheduler_failure script_failure secrets_provider_not_found
            server_timeout_running server_timeout_canceling stale_schedule stuck_or_timeout_failure trace_size_exceeded unknown_failure unmet_prerequisites
            upstream_bridge_project_not_found user_blocked
            """), Said),
        .. new[] { "head_sha", "before", "after" }.Select(field => Made(field, Hex, "a hash of the commit")),
        .. Numbers("GitLab numbers it", "author_id", "deployment_id", "first_failed_job", "job_id", "merge_request", "number", "pipeline_id", "token_id", "user_id"),
        .. Numbers("GitLab counts it", "commits", "line"),
        Ours("failed_jobs", Number, "counted here"),
        Author,
        Made(
            "url",
            new Link(@"((/-)?/((pipelines|jobs|builds|security/vulnerabilities|merge_requests|issues|issues/incident|work_items|incidents)/[0-9]{1,20}|commit/[0-9a-f]{7,64})(#note_[0-9]{1,20})?)?", "project"),
            "GitLab makes it of the project's path, fixed words and numbers"),
        Made("commit_url", new Link("/-/commit/[0-9a-f]{7,64}", "project"), "GitLab makes it of the project's path and a hash"),
        .. Names(Written, "failed_job_names", "name", "stage", "environment", "runner", "identifiers", "package", "path", "access", "expires_at"),
        .. Tokens(Written, "branch", "target", "ref", "tag", "version", "group", "member", "event_name"),
        .. Texts(Written, "title", "description", "text", "labels"),
        Rest,
    ];
}
