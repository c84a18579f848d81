using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Cluster.Chat.Discord;

/// <summary>What one connection has heard and nobody has taken yet. Writing never waits, since acknowledged heartbeats come behind; a connection
/// that hears more than may wait ends, and is told the rest again by the next one.</summary>
internal sealed class DispatchQueue
{
    /// <summary>Bytes that may wait: some ten thousand messages.</summary>
    private const long Most = 32 * 1024 * 1024;

    private const int WithoutData = 100;

    private readonly Channel<GatewayPayload> _waiting = Channel.CreateUnbounded<GatewayPayload>();
    private long _bytes;

    /// <exception cref="IOException">Too much waits.</exception>
    public void Write(GatewayPayload dispatch)
    {
        // Of all others only that they came counts.
        dispatch = dispatch.T is "READY" || DiscordUpdates.Concerns(dispatch.T) ? dispatch : dispatch with { D = default, Size = WithoutData };
        if (Interlocked.Add(ref _bytes, dispatch.Size) > Most)
        {
            throw new IOException("More of what Discord tells waits to be taken than may wait.");
        }

        _waiting.Writer.TryWrite(dispatch);
    }

    public void Complete() => _waiting.Writer.TryComplete();

    public ValueTask<bool> WaitToReadAsync(CancellationToken ct) => _waiting.Reader.WaitToReadAsync(ct);

    public bool TryRead([MaybeNullWhen(false)] out GatewayPayload dispatch) => _waiting.Reader.TryRead(out dispatch);

    /// <summary>They wait no more.</summary>
    public void Release(long bytes) => Interlocked.Add(ref _bytes, -bytes);
}
