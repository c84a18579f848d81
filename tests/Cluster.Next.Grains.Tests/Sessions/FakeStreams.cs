using System.Threading.Channels;
using Cluster.Next.Grains.Sessions;

namespace Cluster.Next.Grains.Tests.Sessions;

/// <summary>A node's streams, which keep what was pushed to them.</summary>
internal sealed class FakeStreams : IStreamNode
{
    private readonly Channel<Push> _pushes = Channel.CreateUnbounded<Push>();

    /// <summary>What the next push is answered.</summary>
    public PushOutcome Answer { get; set; } = PushOutcome.Taken;

    public int Waiting => _pushes.Reader.Count;

    public Task<PushOutcome> PushAsync(Push push)
    {
        _pushes.Writer.TryWrite(push);
        return Task.FromResult(Answer);
    }

    public async Task<Push> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return await _pushes.Reader.ReadAsync(patience.Token);
    }
}
