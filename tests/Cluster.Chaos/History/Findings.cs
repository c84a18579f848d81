namespace Cluster.Chaos.History;

/// <summary>What the checker found in one history.</summary>
internal sealed class Findings
{
    private readonly Dictionary<Violation, List<string>> _violations = [];

    public int Accepted { get; init; }

    public int Delivered { get; init; }

    /// <summary>Deliveries of what the session had before.</summary>
    public int Repeats { get; init; }

    public double RepeatShare => Delivered == 0 ? 0 : (double)Repeats / Delivered;

    public bool Clean => _violations.Count == 0;

    public IEnumerable<Violation> Violations => _violations.Keys.Order();

    public int Count(Violation violation) => _violations.GetValueOrDefault(violation)?.Count ?? 0;

    public IReadOnlyList<string> Of(Violation violation) => _violations.GetValueOrDefault(violation) ?? [];

    public void Add(Violation violation, string detail)
    {
        if (!_violations.TryGetValue(violation, out var details))
        {
            _violations[violation] = details = [];
        }

        details.Add(detail);
    }
}
