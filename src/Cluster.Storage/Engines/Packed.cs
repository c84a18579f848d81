using System.Buffers;
using System.IO.Compression;
using System.Text;

namespace Cluster.Storage.Engines;

/// <summary>How bodies and payloads stand in the engine: one byte that tells the form, then the bytes, compressed where that pays.</summary>
internal static class Packed
{
    private const byte Plain = 0;
    private const byte Brotli = 1;
    private const int WorthIt = 256; // bytes
    private const int Quality = 1;
    private const int Window = 18;

    public static byte[] Pack(string text) => Pack(Encoding.UTF8.GetBytes(text));

    public static byte[] Pack(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= WorthIt)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(bytes.Length) + 5);
            try
            {
                if (BrotliEncoder.TryCompress(bytes, buffer.AsSpan(5), out var written, Quality, Window) && written < bytes.Length - 5)
                {
                    buffer[0] = Brotli;
                    BitConverter.TryWriteBytes(buffer.AsSpan(1, 4), bytes.Length);
                    return buffer.AsSpan(0, written + 5).ToArray();
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        var packed = new byte[bytes.Length + 1];
        packed[0] = Plain;
        bytes.CopyTo(packed.AsSpan(1));
        return packed;
    }

    public static byte[] Unpack(ReadOnlySpan<byte> packed)
    {
        if (packed[0] == Plain)
        {
            return packed[1..].ToArray();
        }

        var bytes = new byte[BitConverter.ToInt32(packed.Slice(1, 4))];
        return BrotliDecoder.TryDecompress(packed[5..], bytes, out var written) && written == bytes.Length
            ? bytes
            : throw new InvalidDataException("A stored body cannot be unpacked.");
    }

    public static string UnpackText(ReadOnlySpan<byte> packed) => Encoding.UTF8.GetString(Unpack(packed));
}
