using Cluster.Core.Events;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Mailboxes;

/// <summary>A node's one way into the mailboxes: packs each submission where it came in, then commits everything that waits together.</summary>
public sealed class Appender(IAppendStore store, Wakeups? wakeups = null) : IAsyncDisposable
{
    private readonly GroupCommit<PackedSubmission, AppendOutcome> _waiting = new(store.AppendAsync);

    /// <summary>Returns after the commit that decided on the submission.</summary>
    public async Task<AppendOutcome> AppendAsync(Submission submission, CancellationToken ct)
    {
        var outcome = await _waiting.AddAsync(Pack(submission), ct);
        if (submission.Hold is not null)
        {
            wakeups?.RaiseHeld();
        }

        return outcome;
    }

    public ValueTask DisposeAsync() => _waiting.DisposeAsync();

    internal static PackedSubmission Pack(Submission submission) => new(
        submission,
        Packed.Pack(submission.Body),
        submission.Payload.IsEmpty ? null : Packed.Pack(submission.Payload.Span));
}
