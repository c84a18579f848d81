using Cluster.Core.Events;

namespace Cluster.Chaos.Faults;

/// <summary>Says accepted first and commits half a second later.</summary>
internal sealed class AckBeforeCommit(IAppendStore store) : IAppendStore
{
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(0.5);

    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<PackedSubmission> submissions, CancellationToken ct)
    {
        _ = CommitAsync(submissions);
        return Task.FromResult<IReadOnlyList<AppendOutcome>>([.. submissions.Select(_ => new AppendOutcome.Accepted(1))]);
    }

    private async Task CommitAsync(IReadOnlyList<PackedSubmission> submissions)
    {
        await Task.Delay(Later);
        await store.AppendAsync(submissions, CancellationToken.None);
    }
}
