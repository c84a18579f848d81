using System.Buffers;
using Cluster.Core.Webhooks.Verification;

namespace Cluster.Server.Webhooks;

/// <summary>A webhook's body, read up to its cap while it is proved: whoever sends more, or sends too slowly, has cost us little.</summary>
internal sealed class WebhookBody : IDisposable
{
    private byte[] _buffer;
    private int _length;

    private WebhookBody(int capacity) => _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <returns>Null when the body is larger than the cap.</returns>
    public static async Task<WebhookBody?> ReadAsync(HttpRequest request, WebhookProof proof, int cap, CancellationToken ct)
    {
        if (request.ContentLength > cap)
        {
            return null;
        }

        // A declared length is a claim: it does not make us take more than a little at once.
        var body = new WebhookBody((int)Math.Min(request.ContentLength ?? 16 * 1024, 64 * 1024) + 1);
        try
        {
            while (true)
            {
                var read = await request.Body.ReadAsync(body._buffer.AsMemory(body._length), ct);
                if (read == 0)
                {
                    break;
                }

                proof.Append(body._buffer.AsSpan(body._length, read));
                body._length += read;
                if (body._length > cap)
                {
                    body.Dispose();
                    return null;
                }

                if (body._length == body._buffer.Length)
                {
                    body.Grow();
                }
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        Bytes.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
