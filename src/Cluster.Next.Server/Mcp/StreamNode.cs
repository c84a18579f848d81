using System.Collections.Concurrent;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Server.Grains;

namespace Cluster.Next.Server.Mcp;

/// <summary>This node's streams, as grains push to them: one observer for all. It keeps the highest claim that it has seen of each session
/// with a stream here and takes no push under a lower one, so a thawed grain cannot speak once its successor has.</summary>
internal sealed class StreamNode(Lazy<GrainCalls> calls) : IStreamNode
{
    private readonly ConcurrentDictionary<string, OpenStream> _streams = new();
    private readonly ConcurrentDictionary<string, long> _claims = new();
    private readonly Lock _gate = new();
    private IStreamNode? _reference;

    /// <summary>How grains call it. Grains hold it weakly; this object keeps it.</summary>
    public IStreamNode Reference
    {
        get
        {
            lock (_gate)
            {
                return _reference ??= calls.Value.Reference<IStreamNode>(this);
            }
        }
    }

    public int Count => _streams.Count;

    public void Add(OpenStream stream) => _streams[stream.Id] = stream;

    public void Remove(OpenStream stream) => _streams.TryRemove(stream.Id, out _);

    public async Task<PushOutcome> PushAsync(Push push)
    {
        if (_claims.AddOrUpdate(push.Session, push.Claim, (_, known) => Math.Max(known, push.Claim)) > push.Claim)
        {
            return PushOutcome.Stale;
        }

        if (!_streams.TryGetValue(push.Stream, out var stream))
        {
            return PushOutcome.Gone;
        }

        try
        {
            await stream.PushAsync(push);
            return PushOutcome.Taken;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            return PushOutcome.Gone;
        }
    }
}
