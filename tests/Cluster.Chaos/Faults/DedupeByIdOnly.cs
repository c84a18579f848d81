using Cluster.Core.Events;

namespace Cluster.Chaos.Faults;

/// <summary>Knows a webhook by its delivery id and not by its body.</summary>
internal sealed class DedupeByIdOnly(IAppendStore store) : IAppendStore
{
    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<PackedSubmission> submissions, CancellationToken ct) =>
        store.AppendAsync(
            [.. submissions.Select(s => s with { Submission = s.Submission with { DedupeKeys = [.. s.Submission.DedupeKeys.Take(1)] } })], ct);
}
