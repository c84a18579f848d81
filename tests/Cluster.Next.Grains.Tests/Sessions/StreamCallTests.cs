using Cluster.Next.Grains.Sessions;

namespace Cluster.Next.Grains.Tests.Sessions;

/// <summary>All sessions push to one object of a node.</summary>
public sealed class StreamCallTests(TwoSilos silos) : IClassFixture<TwoSilos>
{
    [Fact]
    public async Task A_push_that_hangs_holds_up_no_other_session_of_its_node()
    {
        var streams = new HangingStream("alice/slow");
        var node = silos.Cluster.Client.CreateObjectReference<IStreamNode>(streams);

        var hanging = node.PushAsync(Push("alice/slow"));
        await streams.Came;
        var other = await node.PushAsync(Push("alice/quick")).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        Assert.Equal((PushOutcome.Taken, false), (other, hanging.IsCompleted));
        streams.LetGo();
        Assert.Equal(PushOutcome.Gone, await hanging);
    }

    private static Push Push(string session) => new() { Session = session, Stream = "stream", Claim = 1, Epoch = 1, Batch = 1, Events = [] };

    /// <summary>A node one of whose readers stands still.</summary>
    private sealed class HangingStream(string session) : IStreamNode
    {
        private readonly TaskCompletionSource _came = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Came => _came.Task;

        public void LetGo() => _go.SetResult();

        public async Task<PushOutcome> PushAsync(Push push)
        {
            if (push.Session != session)
            {
                return PushOutcome.Taken;
            }

            _came.SetResult();
            await _go.Task;
            return PushOutcome.Gone;
        }
    }
}
