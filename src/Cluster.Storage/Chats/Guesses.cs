using Cluster.Core.Access;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Chats;

/// <summary>Counts wrong guesses by who made them, so that there are never enough of them.</summary>
internal static class Guesses
{
    public static async Task<long> CountAsync(Turn turn, Identity who, string kind, TimeSpan window) =>
        await turn.Db.NumberAsync(
            "SELECT failed FROM guess WHERE identity = @id AND kind = @kind AND since > @since",
            ("@id", who.Value),
            ("@kind", kind),
            ("@since", (turn.Now - window).ToUnixTimeMilliseconds())) ?? 0;

    /// <summary>One more; the window begins with the first.</summary>
    /// <returns>How many there are now.</returns>
    public static async Task<long> MissAsync(Turn turn, Identity who, string kind, TimeSpan window) =>
        (await turn.Db.NumberAsync(
            """
            INSERT INTO guess (identity, kind, failed, since) VALUES (@id, @kind, 1, @now)
            ON CONFLICT (identity, kind) DO UPDATE SET
              failed = CASE WHEN guess.since > @start THEN guess.failed + 1 ELSE 1 END,
              since = CASE WHEN guess.since > @start THEN guess.since ELSE excluded.since END
            RETURNING failed
            """,
            ("@id", who.Value),
            ("@kind", kind),
            ("@now", turn.NowMs),
            ("@start", (turn.Now - window).ToUnixTimeMilliseconds())))!.Value;
}
