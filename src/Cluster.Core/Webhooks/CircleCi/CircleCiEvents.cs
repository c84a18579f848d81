using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;

namespace Cluster.Core.Webhooks.CircleCi;

/// <summary>What is told of CircleCI's events (CircleCI Docs: outbound webhooks reference). Of projects at GitLab or by GitHub's app, whose slugs are ids,
/// branch and commit stand in the trigger's parameters.</summary>
internal static class CircleCiEvents
{
    private const string Git = "pipeline.trigger_parameters.git";
    private const string GitLab = "pipeline.trigger_parameters.gitlab";
    private const string App = "pipeline.trigger_parameters.github_app";

    public static EventFacts Row { get; } = new(EventFacts.Any, Where("project", "project.slug"), Bad("status", "workflow.status|job.status"), Link("url", "workflow.url"),
        Also("pipeline", "pipeline.number"), Also("job", "job.number"), Also("head_sha", $"pipeline.vcs.revision|{Git}.checkout_sha|{GitLab}.commit_sha|{App}.checkout_sha|{App}.commit_sha"),
        Also("at", "happened_at"), Where("project_name", "project.name"), Also("organization", "organization.name"), What("workflow", "workflow.name"), What("job_name", "job.name"),
        Also("branch", $"pipeline.vcs.branch|{Git}.branch|{GitLab}.branch|{App}.branch"), Also("tag", $"pipeline.vcs.tag|{Git}.tag"),
        Also("repository_name", $"{Git}.repo_name|{GitLab}.repo_name|{App}.repo_name"), Also("trigger", "pipeline.trigger.type"), Also("author", ""))
    {
        Outcome = new Outcome("status", "workflow.status|job.status", "success canceled cancelled on_hold not_run running queued"),
    };

    public static IReadOnlyList<EventFacts> All { get; } = [.. Each("workflow-completed job-completed", Row), Row];
}
