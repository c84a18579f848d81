using System.Globalization;
using System.Text;
using Markdig.Extensions.Tables;

namespace Cluster.Chat.Text;

/// <summary>A table as lines of text whose columns stand below each other where letters have one width.</summary>
internal static class TableText
{
    // A longer cell pushes what is right of it aside, instead of making every line as long as itself.
    private const int MaxWidth = 40;

    public static string Align(Table table)
    {
        var rows = table.OfType<TableRow>().Select(row => row.OfType<TableCell>().Select(MarkdownReader.ReadCell).ToArray()).ToList();
        var widths = new int[rows.Max(row => row.Length)];
        foreach (var row in rows)
        {
            for (var column = 0; column < row.Length; column++)
            {
                widths[column] = Math.Max(widths[column], Math.Min(MaxWidth, Width(row[column])));
            }
        }

        var text = new StringBuilder();
        for (var i = 0; i < rows.Count; i++)
        {
            AppendRow(text, rows[i], widths, table);
            if (table[i] is TableRow { IsHeader: true })
            {
                text.AppendJoin("  ", widths.Where(width => width > 0).Select(width => new string('─', width))).Append('\n');
            }
        }

        return text.ToString();
    }

    private static void AppendRow(StringBuilder text, string[] row, int[] widths, Table table)
    {
        var line = new StringBuilder();
        for (var column = 0; column < row.Length; column++)
        {
            if (widths[column] == 0)
            {
                continue; // empty in all rows
            }

            var space = Math.Max(0, widths[column] - Width(row[column]));
            var left = Alignment(table, column) switch
            {
                TableColumnAlign.Right => space,
                TableColumnAlign.Center => space / 2,
                _ => 0,
            };
            line.Append(' ', left).Append(row[column]).Append(' ', space - left).Append("  ");
        }

        text.Append(line.ToString().TrimEnd()).Append('\n');
    }

    private static TableColumnAlign? Alignment(Table table, int column) =>
        column < table.ColumnDefinitions.Count ? table.ColumnDefinitions[column].Alignment : null;

    private static int Width(string text) => new StringInfo(text).LengthInTextElements;
}
