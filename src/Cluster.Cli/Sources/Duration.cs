using System.Globalization;

namespace Cluster.Cli.Sources;

/// <summary>A time as people write it: <c>30m</c>, <c>24h</c>, <c>7d</c>, and <c>0</c>.</summary>
internal static class Duration
{
    /// <returns>Null when it is none.</returns>
    public static double? Hours(string text)
    {
        if (text == "0")
        {
            return 0;
        }

        var unit = text.Length == 0 ? 0 : text[^1] switch { 'm' => 1 / 60.0, 'h' => 1, 'd' => 24, _ => 0.0 };
        return unit > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count * unit
            : null;
    }
}
