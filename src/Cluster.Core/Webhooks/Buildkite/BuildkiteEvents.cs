using System.Collections.Frozen;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;

namespace Cluster.Core.Webhooks.Buildkite;

/// <summary>What is told of Buildkite's events (Buildkite Docs: webhooks; build, job and agent events).</summary>
internal static class BuildkiteEvents
{
    private static readonly EventFact[] Build =
    [
        Bad("state", "build.state"), Link("url", "build.web_url"), Also("number", "build.number"), Where("pipeline", "pipeline.slug"), Also("head_sha", "build.commit"), Also("branch", "build.branch"),
        Also("blocked", "build.blocked"), Also("author", ""),
    ];

    private static readonly EventFact[] Agent =
    [
        Bad("connection_state", "agent.connection_state"), Link("url", "agent.web_url"), Also("agent_id", "agent.id"), What("agent", "agent.name"), Where("hostname", "agent.hostname"),
        Also("queue", "agent.meta_data[]|agent.queue.key"), Also("version", "agent.version"), Also("blocked_ip", "blocked_ip"),
    ];

    /// <summary>Of an event that has no row.</summary>
    public static EventFacts Unknown { get; } = new(EventFacts.Any, [.. Build, .. Agent]);

    public static IReadOnlyList<EventFacts> All { get; } =
    [
        .. Each("build.failing build.finished build.scheduled build.running build.blocked build.skipped build.canceled", new("build.finished", Build)
            { Rests = "all but build.failing, and build.finished with the state failed; one that passed makes what waits needless" }),
        .. Each("job.finished job.started job.scheduled job.activated", new("job.finished",
            [Bad("job_state", "job.state"), Bad("exit_status", "job.exit_status"), Also("soft_failed", "job.soft_failed"), What("job_name", "job.name|job.label"), Also("agent", "job.agent.name"),
            Link("job_url", "job.web_url"), .. Build]) { Rests = "always; the build tells the same" }),
        .. Each("agent.lost agent.connected agent.disconnected agent.stopping agent.stopped agent.blocked", new("agent.lost", Agent) { Rests = "all but agent.lost and agent.blocked" }),
        Unknown,
    ];

    public static FrozenDictionary<string, EventFacts> ByName { get; } = EventRows.ByName(All.Where(row => row != Unknown));
}
