using Cluster.Core.Events;
using Cluster.Storage.Mailboxes;

namespace Cluster.Chaos.Faults;

/// <summary>Says accepted first and commits half a second later.</summary>
internal sealed class AckBeforeCommit(AppendStore store) : IAppendStore
{
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(0.5);

    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<PackedSubmission> submissions, CancellationToken ct)
    {
        // What is kept of a request ends with its answer.
        List<PackedSubmission> kept = [.. submissions.Select(s => s with { Submission = s.Submission with { Payload = s.Submission.Payload.ToArray() } })];
        _ = CommitAsync(kept);
        return Task.FromResult<IReadOnlyList<AppendOutcome>>([.. submissions.Select(_ => new AppendOutcome.Accepted(1))]);
    }

    private async Task CommitAsync(List<PackedSubmission> submissions)
    {
        await Task.Delay(Later);
        await store.AppendAsync(submissions, CancellationToken.None);
    }
}
