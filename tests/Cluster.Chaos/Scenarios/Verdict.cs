using Cluster.Chaos.History;

namespace Cluster.Chaos.Scenarios;

/// <summary>What a scenario measured, and whether every promise was kept.</summary>
internal sealed class Verdict
{
    private readonly List<string> _figures = [];

    public bool Kept { get; private set; } = true;

    /// <summary>False when what was seen breaks a promise, however slow the machine may be.</summary>
    public bool IsRight { get; private set; } = true;

    public string Figures => string.Join("; ", _figures);

    public void Note(string figure) => _figures.Add(figure);

    /// <summary>A figure that a promise depends on.</summary>
    public void Promise(string figure, bool kept)
    {
        _figures.Add(kept ? figure : $"{figure} <= BROKEN");
        Kept &= kept;
    }

    public void AtMost(string name, TimeSpan measured, double seconds) =>
        Promise($"{name} {(measured == TimeSpan.MaxValue ? "never" : $"{measured.TotalSeconds:0.0} s")} (at most {seconds:0.#} s)", measured.TotalSeconds <= seconds);

    /// <summary>The promises that hold whatever happens.</summary>
    public void History(Findings findings, double repeats)
    {
        IsRight &= findings.Clean;
        Note($"accepted {findings.Accepted:N0}");
        Promise($"lost {findings.Count(Violation.Lost)}", findings.Count(Violation.Lost) == 0);
        Promise($"repeats {findings.Repeats} = {findings.RepeatShare:P2} (at most {repeats:P0})", findings.RepeatShare <= repeats);
        var others = findings.Violations.Where(v => v != Violation.Lost).ToList();
        if (others.Count == 0)
        {
            Note("order kept, each entered once, all ends visible, no old epoch, no second holder");
        }

        foreach (var violation in others)
        {
            Promise($"{violation} {findings.Count(violation)}", false);
        }
    }
}
