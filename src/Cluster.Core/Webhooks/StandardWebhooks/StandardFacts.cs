using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.StandardWebhooks;

/// <summary>Of who signs by Standard Webhooks nothing is known but that.</summary>
internal static class StandardFacts
{
    private const string Why = "the sender is any program, and who writes in what it sends is not known";

    public static IReadOnlyList<FieldFact> All { get; } = [Nobodys("at", Why), Nobodys("type", Why), Nobodys("data", Why)];
}
