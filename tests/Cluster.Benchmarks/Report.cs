namespace Cluster.Benchmarks;

/// <summary>Prints figures, and remembers whether every promise was kept.</summary>
internal sealed class Report
{
    public bool Kept { get; private set; } = true;

    public static void Title(string text) => Console.WriteLine($"\n== {text}");

    public static void Line(string text) => Console.WriteLine($"   {text}");

    public void Promise(string name, string measured, string promised, bool kept)
    {
        Kept &= kept;
        Console.WriteLine($"PROMISE {name}: {measured} vs {promised}: {(kept ? "kept" : "broken")}");
    }

    /// <summary>The ratio of each pair of legs, as a median with its extremes.</summary>
    public static (double Median, string Text) Ratio(IReadOnlyList<double> measured, IReadOnlyList<double> against)
    {
        var ratios = measured.Zip(against, (m, a) => m / a).ToList();
        var median = Percentile(ratios, 0.5);
        return (median, $"{median:P1} (of {ratios.Count}: {ratios.Min():P1} to {ratios.Max():P1})");
    }

    /// <summary>By nearest rank; the median of an even number is thus the lower one.</summary>
    public static double Percentile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)];
    }
}
