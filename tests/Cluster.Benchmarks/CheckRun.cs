using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Cluster.Benchmarks;

/// <summary>A real <c>check_run</c> delivery that becomes a new one with every id, of the same length.</summary>
internal static class CheckRun
{
    public const int IdLength = 9;

    private const long FirstId = 100_000_000;
    private const string IdBefore = "\"check_run\": {\n    \"id\": ";

    private static long _taken;

    public static byte[] Sample { get; } =
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Samples", "github", "check_run.completed.failure.json"));

    /// <summary>Where the id's digits stand in <see cref="Sample"/>.</summary>
    public static int IdAt { get; } = Sample.AsSpan().IndexOf(Encoding.UTF8.GetBytes(IdBefore)) is var found and >= 0
        ? found + IdBefore.Length
        : throw new InvalidDataException("The sample has no check_run.id where it was expected.");

    /// <summary>An id that no other delivery of this run has.</summary>
    public static long NextId() => FirstId + Interlocked.Increment(ref _taken);

    public static void WriteId(Span<byte> body, long id) => id.TryFormat(body.Slice(IdAt, IdLength), out _, provider: CultureInfo.InvariantCulture);

    public static byte[] Sign(ReadOnlySpan<byte> body, byte[] secret) => HMACSHA256.HashData(secret, body);
}
