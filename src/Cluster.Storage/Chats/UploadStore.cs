using System.Globalization;
using Cluster.Core.Channel;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Chats;

/// <summary>A file that a session wants to send.</summary>
public sealed record Upload(string Id, string Name, string MediaType, long Size);

/// <summary>
/// Files on their way out. They stand in the engine, since any node may hold the lease of the bot that sends them, and in pieces, each
/// written by a turn of its own, so that nobody waits long for one. A file is used by one answer of its session, within the hour, and
/// forgotten once it was sent or refused.
/// </summary>
public sealed class UploadStore(Engine engine)
{
    /// <summary>Bytes of one piece.</summary>
    public const int ChunkSize = 512 * 1024;

    /// <summary>Bytes that one session may have here that no answer uses yet.</summary>
    public const long MaxUnused = 300 * 1024 * 1024;

    /// <summary>Bytes that one session may have here in all: what waits for a platform that is away counts too.</summary>
    public const long MaxHeld = 600 * 1024 * 1024;

    private const int MostSwept = 20;

    private static readonly TimeSpan UnusedFor = TimeSpan.FromHours(1);

    /// <summary>A new file without content.</summary>
    public Task<string> BeginAsync(SessionId session, string name, string mediaType, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                var id = FileLimits.UploadPrefix + Secret.NewCode();
                await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO upload (id, session_id, name, media_type, size, complete, call_id, created_at)
                    VALUES (@id, @session, @name, @type, 0, 0, NULL, @now)
                    """,
                    ("@id", id),
                    ("@session", session.ToString()),
                    ("@name", name),
                    ("@type", mediaType),
                    ("@now", turn.NowMs));
                return id;
            },
            ct);

    /// <summary>Adds its next piece.</summary>
    /// <returns>False when the session has too much here already; then the file is gone.</returns>
    public Task<bool> AddAsync(SessionId session, string id, int place, byte[] piece, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                var held = await turn.Db.RowAsync(
                    "SELECT COALESCE(SUM(CASE WHEN call_id IS NULL THEN size END), 0), COALESCE(SUM(size), 0) FROM upload WHERE session_id = @session",
                    r => new { Unused = Convert.ToInt64(r.GetValue(0), CultureInfo.InvariantCulture), All = Convert.ToInt64(r.GetValue(1), CultureInfo.InvariantCulture) },
                    ("@session", session.ToString()));
                if (held!.Unused + piece.Length > MaxUnused || held.All + piece.Length > MaxHeld)
                {
                    await ForgetAsync(turn, [id]);
                    return false;
                }

                await turn.Db.ExecuteAsync(
                    "INSERT INTO upload_chunk (upload_id, place, body) VALUES (@id, @place, @body)", ("@id", id), ("@place", place), ("@body", piece));
                return await turn.Db.ExecuteAsync("UPDATE upload SET size = size + @size WHERE id = @id", ("@size", piece.Length), ("@id", id)) == 1;
            },
            ct);

    /// <summary>It is whole: an answer may use it.</summary>
    public Task CompleteAsync(string id, CancellationToken ct) =>
        engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE upload SET complete = 1 WHERE id = @id", ("@id", id)), ct);

    public Task DropAsync(string id, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await ForgetAsync(turn, [id]);
                return true;
            },
            ct);

    /// <summary>Whole files by their ids, in that order; those that are gone are left out.</summary>
    public Task<List<Upload>> FindAsync(IReadOnlyList<string> ids, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var found = new List<Upload>(ids.Count);
                foreach (var id in ids)
                {
                    if (await db.RowAsync("SELECT id, name, media_type, size FROM upload WHERE id = @id AND complete = 1", Read, ("@id", id)) is { } upload)
                    {
                        found.Add(upload);
                    }
                }

                return found;
            },
            ct);

    /// <summary>Its content, from its start, read piece by piece.</summary>
    public Stream Open(Upload upload) => new UploadStream(this, upload);

    internal Task<byte[]?> ChunkAsync(string id, int place, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowAsync(
                "SELECT body FROM upload_chunk WHERE upload_id = @id AND place = @place", r => r.Bytes(0), ("@id", id), ("@place", place)),
            ct);

    /// <summary>The files that an answer of this session may use.</summary>
    /// <returns>Null when one of them is not to be had.</returns>
    internal static async Task<List<Upload>?> UsableAsync(Turn turn, SessionId session, IReadOnlyList<string> ids)
    {
        var usable = new List<Upload>(ids.Count);
        foreach (var id in ids.Distinct())
        {
            if (await turn.Db.RowAsync(
                """
                SELECT id, name, media_type, size FROM upload
                WHERE id = @id AND session_id = @session AND complete = 1 AND call_id IS NULL
                """ + turn.Engine.LockRow,
                Read,
                ("@id", id),
                ("@session", session.ToString())) is not { } upload)
            {
                return null;
            }

            usable.Add(upload);
        }

        return usable.Count == ids.Count ? usable : null;
    }

    internal static async Task UseAsync(Turn turn, IEnumerable<Upload> uploads, long callId)
    {
        foreach (var upload in uploads)
        {
            await turn.Db.ExecuteAsync("UPDATE upload SET call_id = @call WHERE id = @id", ("@call", callId), ("@id", upload.Id));
        }
    }

    internal static async Task ForgetAsync(Turn turn, IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            await turn.Db.ExecuteAsync("DELETE FROM upload_chunk WHERE upload_id = @id", ("@id", id));
            await turn.Db.ExecuteAsync("DELETE FROM upload WHERE id = @id", ("@id", id));
        }
    }

    /// <summary>Forgets what no answer used, and what is over though nobody noticed: its bot was removed.</summary>
    public static async Task<int> SweepAsync(Turn turn)
    {
        // The row goes first, and only as it was seen: an answer may be about to use it.
        var over = await turn.Db.RowsAsync(
            """
            DELETE FROM upload WHERE id IN (
              SELECT id FROM upload WHERE created_at <= @before AND call_id IS NULL ORDER BY created_at LIMIT @most) AND call_id IS NULL
            RETURNING id
            """,
            r => r.GetString(0),
            ("@before", (turn.Now - UnusedFor).ToUnixTimeMilliseconds()),
            ("@most", MostSwept));
        over.AddRange(await turn.Db.RowsAsync(
            """
            SELECT u.id FROM upload u
            WHERE u.created_at <= @now AND u.call_id IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM outbox o WHERE o.call_id = u.call_id AND o.state = 'queued')
            ORDER BY u.created_at LIMIT @most
            """,
            r => r.GetString(0),
            ("@now", turn.NowMs),
            ("@most", MostSwept)));
        await ForgetAsync(turn, over);
        return over.Count;
    }

    private static Upload Read(System.Data.Common.DbDataReader r) => new(r.GetString(0), r.GetString(1), r.GetString(2), r.GetInt64(3));
}
