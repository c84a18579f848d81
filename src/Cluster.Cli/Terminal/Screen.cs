using System.Globalization;

namespace Cluster.Cli.Terminal;

/// <summary>What a person reads. Texts of strangers pass through it, so nothing that steers a terminal gets through.</summary>
internal sealed class Screen(TextWriter output)
{
    public void Line(string text) => output.WriteLine(CommandFailure.OneLine(text));

    /// <summary>Rows under headings, or one sentence when there are none.</summary>
    public void Table(string whenEmpty, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        var cells = rows.Select(row => row.Select(CommandFailure.OneLine).ToArray()).ToList();
        if (cells.Count == 0)
        {
            Line(whenEmpty);
            return;
        }

        cells.Insert(0, [.. headings]);
        var widths = headings.Select((_, column) => cells.Max(row => row[column].Length)).ToArray();
        foreach (var row in cells)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    public static string Time(DateTimeOffset? at) =>
        at?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "-";
}
