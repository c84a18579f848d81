using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.StandardWebhooks;

/// <summary>Of who signs by Standard Webhooks nothing is known but that.</summary>
internal static class StandardFacts
{
    private const string Why = "the sender is any program, and who writes in what it sends is not known";

    public static IReadOnlyList<EventFacts> Events { get; } =
    [
        new("event", Also("at", "timestamp"), What("type", "type"), Prose("data", "data"), Also(FieldFact.Rest, ""))
        { Rests = "status, state, conclusion, outcome or result: success, succeeded, successful, passed, resolved, recovered, ok or healthy, where a body has no type and data" },
    ];

    public static IReadOnlyList<FieldFact> All { get; } = [Nobodys("at", Why), Nobodys("type", Why), Nobodys("data", Why), Rest];
}
