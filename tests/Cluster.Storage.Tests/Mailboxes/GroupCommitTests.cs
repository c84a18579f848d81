using System.Threading.Channels;
using Cluster.Storage.Mailboxes;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class GroupCommitTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_arrives_during_one_commit_is_the_next_batch()
    {
        var gate = new Gate();
        await using var commit = new GroupCommit<int, int>(gate.CommitAsync);
        var first = commit.AddAsync(1, Ct);
        await gate.EnteredAsync();
        var rest = new[] { commit.AddAsync(2, Ct), commit.AddAsync(3, Ct), commit.AddAsync(4, Ct) };

        Assert.False(first.IsCompleted);
        gate.Let(true);
        Assert.Equal(10, await first);
        await gate.EnteredAsync();
        Assert.All(rest, task => Assert.False(task.IsCompleted));
        gate.Let(true);

        var results = await Task.WhenAll(rest);
        Assert.Equal([20, 30, 40], results);
        Assert.Equal([[1], [2, 3, 4]], gate.Batches);
    }

    [Fact]
    public async Task A_failing_commit_fails_everyone_who_waited_for_it_and_the_next_one_works()
    {
        var gate = new Gate();
        await using var commit = new GroupCommit<int, int>(gate.CommitAsync);
        var first = commit.AddAsync(1, Ct);
        await gate.EnteredAsync();
        var failing = Enumerable.Range(2, 64).Select(i => commit.AddAsync(i, Ct)).ToList();
        gate.Let(true);
        await first;

        await gate.EnteredAsync();
        gate.Let(false);
        foreach (var task in failing)
        {
            Assert.Equal("disk full", (await Assert.ThrowsAsync<IOException>(() => task)).Message);
        }

        var next = commit.AddAsync(100, Ct);
        await gate.EnteredAsync();
        gate.Let(true);
        Assert.Equal(1_000, await next);
    }

    [Fact]
    public async Task A_caller_that_gives_up_leaves_the_others_alone()
    {
        var gate = new Gate();
        await using var commit = new GroupCommit<int, int>(gate.CommitAsync);
        using var impatient = new CancellationTokenSource();
        var gone = commit.AddAsync(1, impatient.Token);
        var stays = commit.AddAsync(2, Ct);
        await gate.EnteredAsync();

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        gate.Let(true);
        if (!stays.IsCompleted && gate.Batches[0].Count == 1)
        {
            await gate.EnteredAsync();
            gate.Let(true);
        }

        Assert.Equal(20, await stays);
    }

    [Fact]
    public async Task A_graceful_end_commits_what_waits_and_takes_nothing_more()
    {
        var commit = new GroupCommit<int, int>((items, _) => Task.FromResult<IReadOnlyList<int>>([.. items]));
        var waiting = Enumerable.Range(0, 1_000).Select(i => commit.AddAsync(i, Ct)).ToList();

        await commit.DisposeAsync();

        Assert.Equal(Enumerable.Range(0, 1_000), await Task.WhenAll(waiting));
        await Assert.ThrowsAsync<ChannelClosedException>(() => commit.AddAsync(1, Ct));
    }

    [Fact]
    public async Task No_batch_grows_without_bound()
    {
        var gate = new Gate();
        await using var commit = new GroupCommit<int, int>(gate.CommitAsync);
        var all = Enumerable.Range(0, 1_500).Select(i => commit.AddAsync(i, Ct)).ToList();
        var done = Task.WhenAll(all);
        while (!done.IsCompleted)
        {
            if (await Task.WhenAny(gate.EnteredAsync(), done) == done)
            {
                break;
            }

            gate.Let(true);
            await Task.Yield();
        }

        Assert.Equal(Enumerable.Range(0, 1_500).Select(i => i * 10), await done);
        Assert.All(gate.Batches, batch => Assert.InRange(batch.Count, 1, 512));
        Assert.Equal(Enumerable.Range(0, 1_500), gate.Batches.SelectMany(batch => batch));
    }

    /// <summary>A commit that waits to be told whether it succeeds.</summary>
    private sealed class Gate
    {
        private readonly Channel<bool> _entered = Channel.CreateUnbounded<bool>();
        private readonly Channel<bool> _verdicts = Channel.CreateUnbounded<bool>();

        public List<IReadOnlyList<int>> Batches { get; } = [];

        public Task<bool> EnteredAsync() => _entered.Reader.ReadAsync(Ct).AsTask();

        public void Let(bool succeed) => _verdicts.Writer.TryWrite(succeed);

        public async Task<IReadOnlyList<int>> CommitAsync(IReadOnlyList<int> items, CancellationToken ct)
        {
            Batches.Add(items);
            _entered.Writer.TryWrite(true);
            return await _verdicts.Reader.ReadAsync(ct) ? [.. items.Select(i => i * 10)] : throw new IOException("disk full");
        }
    }
}
