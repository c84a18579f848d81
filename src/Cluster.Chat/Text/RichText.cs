namespace Cluster.Chat.Text;

/// <summary>How a stretch of text looks, in words that every platform knows.</summary>
internal sealed record Style
{
    public static Style Plain { get; } = new();

    public bool Bold { get; init; }

    public bool Italic { get; init; }

    public bool Strike { get; init; }

    public bool Code { get; init; }

    /// <summary>A clean http or https address.</summary>
    public string? Link { get; init; }

    /// <summary>From 1 to 6; 0 is no heading.</summary>
    public int Heading { get; init; }

    /// <summary>The bullet or number before a list's item.</summary>
    public bool Marker { get; init; }

    /// <summary>A block of code, or of anything that is aligned by spaces.</summary>
    public bool Block { get; init; }

    /// <summary>Of a block of code; empty when it says none.</summary>
    public string Language { get; init; } = "";

    public bool Quote { get; init; }
}

/// <summary>A stretch of text of one style.</summary>
internal readonly record struct Run(int Start, int End, Style Style);

/// <summary>Text as a reader sees it, and how it looks: one string, and runs that cover it without a gap.</summary>
internal sealed record RichText(string Text, IReadOnlyList<Run> Runs)
{
    public Style StyleAt(int at) => Runs[IndexAt(at)].Style;

    /// <summary>The runs from one position to another, cut to fit.</summary>
    public IEnumerable<Run> Between(int start, int end)
    {
        for (var i = IndexAt(start); i < Runs.Count && Runs[i].Start < end; i++)
        {
            yield return Runs[i] with { Start = Math.Max(start, Runs[i].Start), End = Math.Min(end, Runs[i].End) };
        }
    }

    private int IndexAt(int at)
    {
        var (low, high) = (0, Runs.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Runs[middle].End <= at ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
