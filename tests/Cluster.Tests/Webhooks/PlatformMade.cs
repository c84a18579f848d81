namespace Cluster.Tests.Webhooks;

/// <summary>The fields of each sender's payloads that the platform makes. All others can be written by somebody.</summary>
internal static class PlatformMade
{
    public static IReadOnlySet<string> Of(string kind) => (kind switch
    {
        "github" =>
        """
        action repository.full_name repository.default_branch sender.login before after head_commit.url
        check_run.conclusion check_run.html_url check_run.head_sha check_run.app.slug
        workflow_run.conclusion workflow_run.html_url workflow_run.head_sha workflow_run.event
        workflow_job.conclusion workflow_job.html_url workflow_job.head_sha workflow_job.steps[].conclusion
        pull_request.author_association pull_request.html_url pull_request.head.sha issue.author_association issue.html_url
        alert.html_url alert.security_advisory.severity alert.security_advisory.ghsa_id alert.security_advisory.cve_id
        alert.dependency.package.ecosystem alert.dependency.package.name
        security_advisory.severity security_advisory.ghsa_id security_advisory.vulnerabilities[].package.ecosystem security_advisory.vulnerabilities[].package.name
        """,
        "gitlab" =>
        """
        object_kind event_name project.path_with_namespace project.web_url before after
        object_attributes.status object_attributes.url object_attributes.sha object_attributes.source object_attributes.action object_attributes.state
        object_attributes.last_commit.id builds[].status builds[].failure_reason
        """,
        "bitbucket" =>
        """
        repository.full_name repository.links.html.href commit_status.state commit_status.commit.hash
        push.changes[].old.target.hash push.changes[].new.target.hash pullrequest.links.html.href pullrequest.source.commit.hash pullRequest.toRef.repository.slug pullRequest.toRef.repository.project.key
        """,
        "pagerduty" =>
        """
        event.id event.event_type event.occurred_at event.data.id event.data.status event.data.urgency event.data.html_url event.data.service.id
        """,
        "sentry" =>
        """
        action data.event.event_id data.event.issue_id data.event.web_url data.event.level data.web_url data.metric_alert.id
        """,
        "datadog" => "id event_type alert_priority transition link",
        "grafana" or "alertmanager" => "status externalURL alerts[].status alerts[].generatorURL alerts[].startsAt alerts[].fingerprint",
        "circleci" => "id type happened_at project.slug workflow.status workflow.url job.status pipeline.vcs.revision",
        "buildkite" => "event build.state build.web_url build.commit pipeline.slug",
        "jenkins" => "build.phase build.status event build.scm.commit",
        "standard-webhooks" => "timestamp",
        "cloudevents" => "time",
        _ => "",
    }).Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToHashSet();
}
