using System.Globalization;
using System.Text.RegularExpressions;

namespace Cluster.Chaos.History;

/// <summary>Each submission has a number, which stands in its text.</summary>
internal static partial class Numbers
{
    /// <summary>The submission that a content speaks of.</summary>
    public static long? In(string content) =>
        NumberPattern().Match(content) is { Success: true } match
            ? long.Parse(match.Groups[1].Value + match.Groups[2].Value, CultureInfo.InvariantCulture)
            : null;

    [GeneratedRegex(@"\Anumber (\d+)|""check_run_id"":(\d+)")]
    private static partial Regex NumberPattern();
}
