using Cluster.Chaos.History;

namespace Cluster.Chaos.Scenarios;

/// <summary>Figures out of the logs.</summary>
internal static class Measures
{
    /// <summary>The longest time without an arrival in each session, within a stretch of time.</summary>
    public static IReadOnlyDictionary<string, TimeSpan> Pauses(IEnumerable<Arrival> arrivals, TimeSpan from, TimeSpan to) =>
        arrivals.GroupBy(a => a.Session).ToDictionary(g => g.Key, g => Longest(g.Select(a => a.At), from, to));

    /// <summary>The longest time without anything being accepted.</summary>
    public static TimeSpan AcceptPause(IEnumerable<Try> tries, TimeSpan from, TimeSpan to) =>
        Longest(tries.Where(t => t.Accepted).Select(t => t.AnsweredAt), from, to);

    public static TimeSpan FirstSuccess(IEnumerable<Try> tries, TimeSpan since) =>
        tries.Where(t => t.Accepted && t.AnsweredAt >= since).Select(t => t.AnsweredAt - since).DefaultIfEmpty(TimeSpan.MaxValue).Min();

    /// <summary>From a moment until the last refusal.</summary>
    public static TimeSpan LastRefusal(IEnumerable<Try> tries, TimeSpan since) =>
        tries.Where(t => !t.Accepted && t.AnsweredAt >= since).Select(t => t.AnsweredAt - since).DefaultIfEmpty().Max();

    /// <summary>How often each other status than success, in words.</summary>
    public static string Refusals(IEnumerable<Try> tries) => Statuses(tries.Where(t => !t.Accepted));

    /// <summary>How often each status was answered, in words.</summary>
    public static string Statuses(IEnumerable<Try> tries) =>
        tries.GroupBy(t => t.Status).OrderByDescending(g => g.Count()).Select(g => $"{(g.Key == 0 ? "no answer" : g.Key)} x {g.Count():N0}") is var all && all.Any()
            ? string.Join(", ", all)
            : "none";

    /// <summary>From a moment until each session has first read something submitted after it; the slowest session.</summary>
    public static TimeSpan Delivery(RunHistory history, TimeSpan since)
    {
        var submitted = history.Tries.GroupBy(t => t.Number).ToDictionary(g => g.Key, g => g.Min(t => t.SubmittedAt));
        return history.Arrivals
            .Where(a => a.Number is { } n && submitted.TryGetValue(n, out var at) && at >= since)
            .GroupBy(a => a.Session)
            .Select(g => g.Min(a => a.At) - since)
            .DefaultIfEmpty(TimeSpan.MaxValue)
            .Max();
    }

    /// <summary>By nearest rank.</summary>
    public static TimeSpan Percentile(IEnumerable<TimeSpan> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? TimeSpan.MaxValue : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)];
    }

    private static TimeSpan Longest(IEnumerable<TimeSpan> moments, TimeSpan from, TimeSpan to)
    {
        var (before, longest) = (from, TimeSpan.Zero);
        foreach (var at in moments.Where(m => m >= from && m <= to).Order().Append(to))
        {
            longest = at - before > longest ? at - before : longest;
            before = at;
        }

        return longest;
    }
}
