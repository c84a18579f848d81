using System.Collections.Frozen;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Facts;

namespace Cluster.Core.Routing;

/// <summary>The fields that conditions may name: those with one meaning for all senders, what else platforms make, and what anybody may write.</summary>
public static class RouteFields
{
    public const string Source = "source";
    public const string Type = "type";
    public const string Branch = "branch";
    public const string Fork = "fork";

    /// <summary>What a generic sender, CloudEvents or Standard Webhooks call the event; anybody may have written it.</summary>
    public const string EventType = "event_type";

    /// <summary>Fields with one meaning for all senders.</summary>
    public static IReadOnlyList<string> Normalized { get; } =
        [Source, Type, "repository", Branch, Fork, "conclusion", "status", "severity", "priority", "environment", "service"];

    /// <summary>Under which names senders tell a field that has one meaning for all; the first that an event has counts.</summary>
    internal static FrozenDictionary<string, string[]> OtherNames { get; } = new Dictionary<string, string[]>
    {
        ["repository"] = ["project"],
        ["status"] = ["state", "conclusion", "transition", "connection_state", "job_state"],
        ["severity"] = ["urgency", "level"],
        ["service"] = ["service_id"],
        ["trigger"] = [Source],
        ["job_name"] = ["job"],
        [EventType] = [Type],
    }.ToFrozenDictionary();

    /// <summary>What is known only where it is proved, whatever a route accepts.</summary>
    internal static bool IsOnlyProved(string field) => field is Source or Type or "repository" or Branch or Fork;

    /// <summary>Other fields that a platform makes, by the name under which Claude is told them. Another kind of sender may have what anybody writes under
    /// the same name: see <see cref="RouteRules.Writable"/>.</summary>
    public static IReadOnlyList<string> Trusted { get; } = [.. Facts(fact => fact.IsTrusted)];

    /// <summary>Fields that anybody may write at all kinds of senders; only a route that says <c>untrusted: true</c> may ask for them.</summary>
    public static IReadOnlyList<string> Untrusted { get; } = [.. Facts(_ => true).Append(EventType).Except(Trusted).Order(StringComparer.Ordinal)];

    private static readonly FrozenSet<string> Platform = Normalized.Concat(Trusted).ToFrozenSet();
    private static readonly FrozenSet<string> Writable = Untrusted.ToFrozenSet();

    public static bool IsPlatformMade(string field) => Platform.Contains(field);

    public static bool IsWritable(string field) => Writable.Contains(field);

    private static IEnumerable<string> Facts(Func<FieldFact, bool> which) =>
        WebhookSenders.All.SelectMany(sender => sender.Facts).Where(which).Select(fact => fact.Field).Except(Normalized).Where(field => field != FieldFact.Rest).Distinct().Order(StringComparer.Ordinal);
}
