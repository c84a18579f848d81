using System.Globalization;

namespace Cluster.Core;

/// <summary>A time as people write it: <c>30s</c>, <c>30m</c>, <c>24h</c>, <c>7d</c>, and <c>0</c>.</summary>
public static class Duration
{
    /// <summary>For people who wrote something else.</summary>
    public const string Expected = "30s, 5m, 4h or 7d";

    /// <returns>Null when it is none.</returns>
    public static TimeSpan? Read(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        var unit = text.Length is 0 or > 8 ? TimeSpan.Zero : text[^1] switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => TimeSpan.Zero,
        };
        return unit > TimeSpan.Zero && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count * unit
            : null;
    }

    /// <summary>In the largest unit that leaves nothing over.</summary>
    public static string Write(TimeSpan time)
    {
        var seconds = (long)time.TotalSeconds;
        return seconds == 0 ? "0"
            : seconds % 86_400 == 0 ? $"{seconds / 86_400}d"
            : seconds % 3_600 == 0 ? $"{seconds / 3_600}h"
            : seconds % 60 == 0 ? $"{seconds / 60}m"
            : $"{seconds}s";
    }
}
