using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;

namespace Cluster.Core.Webhooks.PagerDuty;

/// <summary>What is told of PagerDuty's events (PagerDuty/developer-docs, docs/webhooks/01-Overview). All have one form; what is about an incident and
/// is none, such as a note, has the incident in it.</summary>
internal static class PagerDutyEvents
{
    public static EventFacts Row { get; } = new(EventFacts.Any, Also("id", "event.data.id"), Also("number", "event.data.number"), Bad("status", "event.data.status"),
        Bad("urgency", "event.data.urgency"), Link("url", "event.data.html_url|event.data.incident.html_url"), Also("service_id", "event.data.service.id"), Also("at", "event.occurred_at"),
        Also("incident_id", "event.data.incident.id"), What("title", "event.data.title|event.data.summary|event.data.incident.summary"), Where("service", "event.data.service.summary"),
        Bad("priority", "event.data.priority.summary"), Also("assignees", "event.data.assignees[].summary"), Also("policy", "event.data.escalation_policy.summary"),
        Also("teams", "event.data.teams[].summary"), Prose("text", "event.data.content|event.data.message|event.data.resolve_reason.type"), Also("agent", "event.agent.summary"))
    {
        Rests = "service.*; incident.* but triggered, escalated, reopened, priority_updated, unacknowledged; incident.resolved makes what waits needless",
    };

    public static IReadOnlyList<EventFacts> All { get; } =
    [
        .. Each("incident.triggered incident.escalated incident.reopened incident.priority_updated incident.unacknowledged incident.resolved incident.acknowledged incident.annotated"
            + " incident.reassigned incident.delegated incident.status_update_published service.updated", Row),
        Row,
    ];
}
