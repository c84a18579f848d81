using Cluster.Core.Events;

namespace Cluster.Benchmarks.Accept;

/// <summary>Accepts everything and commits nothing: the node's path without its engine's writes. Called by one appender at a time.</summary>
internal sealed class NothingStore : IAppendStore
{
    private long _id;

    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<PackedSubmission> submissions, CancellationToken ct)
    {
        var outcomes = new AppendOutcome[submissions.Count];
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = new AppendOutcome.Accepted(++_id);
        }

        return Task.FromResult<IReadOnlyList<AppendOutcome>>(outcomes);
    }
}
