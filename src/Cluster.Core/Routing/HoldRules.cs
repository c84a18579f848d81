using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cluster.Core.Access;
using Cluster.Core.Events;

namespace Cluster.Core.Routing;

/// <summary>What a recovery is to become, once what it heals is known.</summary>
public enum Recovery
{
    /// <summary>It is only recorded.</summary>
    Filter,

    /// <summary>Its own hold goes on.</summary>
    Hold,

    /// <summary>It is told.</summary>
    Tell,
}

/// <summary>How an event enters a mailbox: at once, kept back, or only recorded.</summary>
/// <param name="Hold">Null when it is not kept back.</param>
/// <param name="FilterReason">Why it is only recorded; null when it is to be told.</param>
public sealed record Entrance(Hold? Hold, string? FilterReason);

/// <summary>
/// What is kept back, and when it is let go. An event is let go at the end of its route's quiet hours; one of a fold when no event has come
/// for a while, or when the first has waited as long as it may. A recovery first heals what of its subject was not told, at once, and only
/// then waits like another.
/// </summary>
public static class HoldRules
{
    /// <summary>Why a recovery is not told.</summary>
    public const string NotTold = "what it heals had not been told";

    public static Entrance Enter(Route? route, RoutedEvent routed, WebhookSummary summary, DateTimeOffset now)
    {
        var quietUntil = route?.Quiet?.EndOf(now);
        var reason = (Names(route, routed, summary.FilteredBy) ? null : summary.FilterReason) ?? (quietUntil is not null && route!.Quiet!.Filter ? $"quiet hours of route {route.Name}" : null);
        var recovers = summary.Subject is { Recovers: true };
        var (until, limit) = (quietUntil ?? now, quietUntil ?? now);
        string? fold = null;
        if (reason is null && route?.Fold is { } by)
        {
            fold = Key(routed.Source, route.Name, recovers, summary.Stranger, by.By.Select(field => Folded(routed, field)));
            (until, limit) = (Later(until, now + by.Within), Later(limit, now + by.AtMost));
        }

        // A recovery is due at once for what it heals, and then waits until its limit: so recoveries of one fold are told soon after the first.
        var hold = recovers ? new Hold { Until = now, Limit = reason is null ? until : now, Fold = fold, Recovers = true }
            : reason is null && until > now ? new Hold { Until = until, Limit = limit, Fold = fold }
            : null;
        return new Entrance(hold, reason);
    }

    // A route that says by its very word which success it wants told gets it told. A pattern that any word passes names none.
    private static bool Names(Route? route, RoutedEvent routed, string? field) =>
        field is not null && route?.When.FirstOrDefault(condition => Is(condition.Field, field)) is { } asked
        && routed.Value(asked.Field, route.Untrusted) is { } value
        && asked.Values.Any(wanted => wanted.AsSpan().Trim("*?").Length > 0 && ValueTest.Read(wanted)?.Passes(value) == true);

    private static bool Is(string asked, string field) => asked == field || RouteFields.OtherNames.GetValueOrDefault(asked)?.Contains(field) == true;

    // Where a branch is not proved its commit stands for it: what GitHub Actions checks after one push is one message, and whoever gives a branch of a
    // fork the same name is in none of its folds.
    private static string? Folded(RoutedEvent routed, string field) =>
        routed.Value(field, untrusted: false)
        ?? (field == RouteFields.Branch && routed.Value("head_sha", untrusted: false) is { } commit ? $"commit {commit}" : null);

    /// <summary>How long an event waits that is told to come to an end: counted from when it is let go, and never longer than everything waits.</summary>
    public static TimeSpan KeepWaiting(TimeSpan queue, Hold? hold, DateTimeOffset now)
    {
        var whole = queue + ((hold?.Limit ?? now) - now);
        return whole < DeliveryRules.KeepWaiting ? whole : DeliveryRules.KeepWaiting;
    }

    /// <summary>What an event is about as one key: no two sources have the same.</summary>
    public static string Subject(Identity source, WebhookSubject subject) => Short([source.Value, subject.Key]);

    /// <param name="lastUntil">The latest time until which one of its events is kept back.</param>
    /// <param name="firstLimit">The earliest time until which one of them may be.</param>
    /// <param name="now">The time.</param>
    public static bool IsDue(DateTimeOffset lastUntil, DateTimeOffset firstLimit, DateTimeOffset now) => lastUntil <= now || firstLimit <= now;

    /// <summary>What becomes of a recovery.</summary>
    /// <param name="filterReason">Why its sender or route does not want it told; null when they do.</param>
    /// <param name="healed">It has made something needless that was not told.</param>
    /// <param name="told">Something of its subject was told since the recovery before.</param>
    /// <param name="limit">Until when it waits by itself.</param>
    /// <param name="now">The time.</param>
    public static Recovery Recover(string? filterReason, bool healed, bool told, DateTimeOffset limit, DateTimeOffset now) =>
        filterReason is not null || (healed && !told) ? Recovery.Filter
        : limit > now ? Recovery.Hold
        : Recovery.Tell;

    // Strangers' events have messages of their own, so that many of them push none of the others out.
    private static string Key(string source, string route, bool recovers, bool stranger, IEnumerable<string?> values) =>
        Short([source, route, recovers ? "well" : "", stranger ? "stranger" : "", .. values]);

    // Encoded, no two lists are the same text.
    private static string Short(string?[] parts)
    {
        var whole = new StringBuilder();
        foreach (var part in parts)
        {
            whole.Append(part is null ? "-" : $"+{JsonEncodedText.Encode(Encoding.UTF8.GetBytes(part))}").Append('\n');
        }

        return Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(whole.ToString())).AsSpan(0, 16));
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
