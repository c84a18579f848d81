using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.CloudEvents;

/// <summary>Of who sends CloudEvents nothing is known but the secret.</summary>
internal static class CloudEventFacts
{
    private const string Why = "the sender is any program, and who writes in what it sends is not known";

    public static IReadOnlyList<EventFacts> Events { get; } =
    [
        new("event", Also("at", "time"), What("type", "type"), Where("source", "source"), Where("subject", "subject"), Prose("data", "data"), Also(FieldFact.Rest, "")),
    ];

    public static IReadOnlyList<FieldFact> All { get; } =
        [Nobodys("at", Why), Nobodys("type", Why), Nobodys("source", Why), Nobodys("subject", Why), Nobodys("data", Why), Rest];
}
