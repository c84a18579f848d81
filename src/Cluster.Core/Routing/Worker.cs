using System.Globalization;

namespace Cluster.Core.Routing;

/// <summary>A session that claims to work on a repository, and whose owner counts for the source.</summary>
/// <param name="Session">The session.</param>
/// <param name="Branch">Its branch, if it told one.</param>
/// <param name="Attached">Whether a client is attached to it.</param>
/// <param name="Since">When one was attached last.</param>
public sealed record Worker(string Session, string? Branch, bool Attached, DateTimeOffset? Since)
{
    private const int MostTold = 3;

    /// <summary>The one that gets an event: attached, of the event's branch if there is one, then the one that was attached last.</summary>
    /// <returns>Null when none is attached.</returns>
    public static Worker? Live(IEnumerable<Worker> workers, string? branch) => First(workers.Where(worker => worker.Attached), branch);

    /// <summary>The one where an event waits while none is attached: the one that was attached last.</summary>
    /// <returns>Null when nobody ever worked there.</returns>
    public static Worker? Last(IEnumerable<Worker> workers) => First(workers, branch: null);

    /// <summary>Why an event goes where it goes, in words that stand behind a colon.</summary>
    /// <param name="chosen">The one that gets it.</param>
    /// <param name="workers">All who claim to work there.</param>
    /// <param name="place">Where.</param>
    /// <param name="names">Whether others are named, with what they do. Who watches one session need not know of others'.</param>
    public static string Explain(Worker chosen, IReadOnlyList<Worker> workers, string place, bool names)
    {
        var others = workers.Where(worker => worker != chosen).ToList();
        var told = others.Take(MostTold).Select(worker => worker.Attached ? $"{worker.Session} does too{On(worker)}" : $"{worker.Session} is not attached");
        var more = others.Count > MostTold ? [$"and {others.Count - MostTold} more"] : Array.Empty<string>();
        var first = chosen.Attached
            ? $"{chosen.Session} works on {place}{On(chosen)}, attached since {Time(chosen.Since)}"
            : $"nobody who works on {place} is attached; {chosen.Session} did last, so it waits there";
        return string.Join("; ", [first, .. !chosen.Attached ? [] : names ? told.Concat(more) : Count(others.Count)]);
    }

    private static string[] Count(int others) => others == 0 ? [] : [others == 1 ? "1 other works there" : $"{others} others work there"];

    private static Worker? First(IEnumerable<Worker> workers, string? branch) => workers
        .OrderByDescending(worker => branch is not null && worker.Branch == branch)
        .ThenByDescending(worker => worker.Since ?? DateTimeOffset.MinValue)
        .ThenBy(worker => worker.Session, StringComparer.Ordinal)
        .FirstOrDefault();

    private static string On(Worker worker) => worker.Branch is null ? "" : $" (branch {worker.Branch})";

    private static string Time(DateTimeOffset? at) =>
        at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "just now";
}
