using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cluster.Core.Logs;

namespace Cluster.Next.Grains.Logs;

/// <summary>Chains a grain's audit rows: each is bound to the one before by an HMAC, so what was changed or taken out shows.</summary>
internal sealed class AuditChain(byte[] key, LogId log, AuditRow? last)
{
    private AuditRow? _last = last;

    public AuditRow Next(AuditNote note, long position, DateTimeOffset at)
    {
        var body = Body(note, at);
        var number = (_last?.Number ?? 0) + 1;
        return _last = new AuditRow(number, position, body, Link(key, log, _last?.Chain ?? default, number, position, body));
    }

    /// <summary>The link of a row to the one before.</summary>
    public static byte[] Link(byte[] key, LogId log, ReadOnlyMemory<byte> before, long number, long position, ReadOnlyMemory<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(numbers, number);
        BinaryPrimitives.WriteInt64BigEndian(numbers[8..], position);
        hmac.AppendData(Encoding.UTF8.GetBytes($"{log}\n"));
        hmac.AppendData(before.Span);
        hmac.AppendData(numbers);
        hmac.AppendData(body.Span);
        return hmac.GetHashAndReset();
    }

    private static byte[] Body(AuditNote note, DateTimeOffset at)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("at"u8, at);
            writer.WriteString("who"u8, note.Who);
            writer.WriteString("act"u8, note.Act);
            writer.WriteString("subject"u8, note.Subject);
            writer.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
