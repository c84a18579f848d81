namespace Cluster.Core.Routing;

/// <summary>Finds what somebody probably meant.</summary>
public static class Nearest
{
    /// <summary>A sentence that names the nearest known word, or all of them where none is near.</summary>
    public static string Of(string written, IReadOnlyList<string> known) =>
        Find(written, known) is { } best ? $"Did you mean '{best}'?"
        : known.Count <= 12 ? $"Known are: {string.Join(", ", known)}."
        : $"Common ones are: {string.Join(", ", known.Take(9))}.";

    /// <summary>The nearest known word, or null where none is near.</summary>
    public static string? Find(string written, IReadOnlyList<string> known)
    {
        var (best, steps) = ("", int.MaxValue);
        foreach (var word in known)
        {
            if (Steps(written, word) is var distance && distance < steps)
            {
                (best, steps) = (word, distance);
            }
        }

        return steps <= Math.Max(1, Math.Min(3, written.Length / 2)) ? best : null;
    }

    // Levenshtein's distance; what is much longer than any known word is far from all of them.
    private static int Steps(string one, string other)
    {
        if (one.Length > 40)
        {
            return int.MaxValue;
        }

        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var corner = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, corner + (one[i - 1] == other[j - 1] ? 0 : 1));
                corner = above;
            }
        }

        return row[^1];
    }
}
