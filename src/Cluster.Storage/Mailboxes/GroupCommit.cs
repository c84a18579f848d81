using System.Threading.Channels;

namespace Cluster.Storage.Mailboxes;

/// <summary>Commits everything that waits in one call and answers each caller after its commit. While one commit runs, the next
/// batch gathers by itself; nobody waits for a timer.</summary>
public sealed class GroupCommit<TItem, TResult> : IAsyncDisposable
{
    private const int Largest = 512;

    private readonly int _largest;
    private readonly Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TResult>>> _commit;
    private readonly Channel<(TItem Item, TaskCompletionSource<TResult> Done)> _waiting =
        Channel.CreateBounded<(TItem, TaskCompletionSource<TResult>)>(new BoundedChannelOptions(4 * Largest)
        {
            FullMode = BoundedChannelFullMode.Wait,
            SingleReader = true,
        });

    private readonly Task _loop;

    /// <param name="commit">Commits many; one result for each, in their order.</param>
    /// <param name="largest">How many it takes at once.</param>
    public GroupCommit(Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TResult>>> commit, int largest = Largest)
    {
        _commit = commit;
        _largest = largest;
        _loop = Task.Run(CommitAsync);
    }

    /// <summary>Returns after the commit. A caller that gives up waiting leaves its item in: its outcome is then unknown to it.</summary>
    public async Task<TResult> AddAsync(TItem item, CancellationToken ct)
    {
        var done = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync((item, done), ct);
        return await done.Task.WaitAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _loop;
    }

    private async Task CommitAsync()
    {
        var batch = new List<(TItem Item, TaskCompletionSource<TResult> Done)>(_largest);
        while (await _waiting.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < _largest && _waiting.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }

            try
            {
                var results = await _commit(batch.ConvertAll(b => b.Item), CancellationToken.None);
                for (var i = 0; i < batch.Count; i++)
                {
                    batch[i].Done.SetResult(results[i]);
                }
            }
            catch (Exception e)
            {
                // Every caller learns of it and decides; the loop serves the next ones.
                foreach (var (_, done) in batch)
                {
                    done.TrySetException(e);
                }
            }
        }
    }
}
