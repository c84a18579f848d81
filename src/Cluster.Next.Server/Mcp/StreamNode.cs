using System.Collections.Concurrent;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Server.Grains;

namespace Cluster.Next.Server.Mcp;

/// <summary>This node's streams, as grains push to them: one observer for all. It keeps the highest claim and epoch that it has seen of each
/// session with a stream here and takes no push under a lower one, so a thawed grain cannot speak once its successor has, and what was on its
/// way while a stream was attached anew does not come after it.</summary>
internal class StreamNode(Lazy<GrainCalls> calls) : IStreamNode
{
    private readonly ConcurrentDictionary<string, OpenStream> _streams = new();
    private readonly ConcurrentDictionary<string, Heard> _heard = new();
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

    /// <summary>A session's grain has answered one of its streams here.</summary>
    public void Hear(string session, long claim, long epoch) => Highest(session, claim, epoch);

    public virtual async Task<PushOutcome> PushAsync(Push push)
    {
        var highest = Highest(push.Session, push.Claim, push.Epoch);
        if (Fenced && highest.Claim > push.Claim)
        {
            return PushOutcome.Stale;
        }

        if (Fenced && highest.Epoch > push.Epoch) // of the same claim
        {
            return PushOutcome.Gone;
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

    /// <summary>False only in a node that is made faulty on purpose.</summary>
    protected virtual bool Fenced => true;

    // Epochs are counted within a claim: a session that was removed and made again begins anew, under a later claim.
    private Heard Highest(string session, long claim, long epoch) => _heard.AddOrUpdate(
        session,
        new Heard(claim, epoch),
        (_, known) => claim > known.Claim ? new Heard(claim, epoch) : claim == known.Claim && epoch > known.Epoch ? new Heard(claim, epoch) : known);

    private readonly record struct Heard(long Claim, long Epoch);
}
