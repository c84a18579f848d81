using System.Data.Common;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;

namespace Cluster.Storage.Sessions;

/// <summary>One MCP session: made at <c>initialize</c>, bound to the token that made it.</summary>
public sealed record McpSession
{
    public required string Id { get; init; }
    public required string TokenId { get; init; }
    public required SessionId Session { get; init; }
    public required DateTimeOffset SeenAt { get; init; }
    public required bool Initialized { get; init; }
}

/// <summary>What a stream is told when it asks for its session's events.</summary>
public enum AttachOutcome
{
    Attached,

    /// <summary>Another client has them; the stream may stay open and ask again.</summary>
    Superseded,

    /// <summary>The MCP session has ended.</summary>
    Gone,
}

/// <summary>MCP sessions and their attachments. The rules are <see cref="AttachmentRules"/>; every attachment has an epoch of its
/// own, so what a stale stream writes under an older one changes nothing.</summary>
public sealed class McpSessionStore(Engine engine)
{
    /// <summary>An MCP session without <c>notifications/initialized</c> lives this long.</summary>
    public static readonly TimeSpan UninitializedFor = TimeSpan.FromSeconds(60);

    /// <summary>An MCP session that nobody uses lives this long.</summary>
    public static readonly TimeSpan UnseenFor = TimeSpan.FromDays(30);

    /// <summary>How long after an attachment began, once another has followed, its receipts may still come in.</summary>
    private static readonly TimeSpan ConfirmableFor = TimeSpan.FromDays(1);

    private const long NotAttached = -1;

    /// <summary>Starts an MCP session, and the session itself when it is its first.</summary>
    public Task InitializeAsync(string id, string tokenId, SessionId session, string protocolVersion, string client, CancellationToken ct) =>
        InitializeAsync(id, tokenId, session, null, protocolVersion, client, ct);

    /// <summary>Starts an MCP session for the session that <see cref="ProjectRules"/> and <see cref="InstanceRules"/> give to a connector process.</summary>
    /// <returns>That session, or null when other processes have every name. Without an instance it is the session that was asked for.</returns>
    /// <exception cref="TokenRevokedException">The token is not valid any more.</exception>
    public Task<GivenName?> InitializeAsync(
        string id, string tokenId, SessionId asked, Instance? instance, string protocolVersion, string client, CancellationToken ct) =>
        engine.TurnAsync<GivenName?>(
            async turn =>
            {
                await Tokens.HoldAsync(turn, tokenId);
                var given = new GivenName(asked);
                if (instance is null)
                {
                    await SessionStore.EnsureAsync(turn, asked, $"token:{tokenId}");
                    await InstanceNames.KeepFromFoldersAsync(turn, asked);
                }
                else if (await InstanceNames.GiveAsync(turn, asked, instance, $"token:{tokenId}") is { } name)
                {
                    given = name;
                }
                else
                {
                    return null;
                }

                var session = given.Session;
                var generation = await turn.Db.NumberAsync(
                    "UPDATE session SET generation = generation + 1 WHERE id = @session RETURNING generation", ("@session", session.ToString()));
                await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO mcp_session (id, token_id, session_id, generation, protocol_version, client, created_at, seen_at, instance)
                    VALUES (@id, @token, @session, @generation, @version, @client, @now, @now, @instance)
                    """,
                    ("@id", id),
                    ("@token", tokenId),
                    ("@session", session.ToString()),
                    ("@generation", generation),
                    ("@version", protocolVersion),
                    ("@client", client),
                    ("@now", turn.NowMs),
                    ("@instance", instance?.Id));
                return given;
            },
            ct);

    /// <summary>The session that a connector process would be given now; nobody keeps it for that process.</summary>
    public Task<GivenName?> NameAsync(SessionId asked, Instance? instance, CancellationToken ct) => instance is null
        ? Task.FromResult<GivenName?>(new GivenName(asked))
        : engine.ReadAsync(db => InstanceNames.FindAsync(db, asked, instance, engine.Clock.GetUtcNow()), ct);

    /// <returns>Null when it has ended, never was, or belongs to another token: one answer for all.</returns>
    public Task<McpSession?> FindAsync(string id, string tokenId, CancellationToken ct) =>
        engine is PostgresEngine postgres ? postgres.Gathered.McpSessions.AddAsync(new McpSessionKey(id, tokenId), ct) : engine.ReadAsync(
            db => db.RowAsync(
                "SELECT id, token_id, session_id, seen_at, initialized_at FROM mcp_session WHERE id = @id AND token_id = @token",
                Read,
                ("@id", id),
                ("@token", tokenId)),
            ct);

    internal static McpSession Read(DbDataReader r) => new()
    {
        Id = r.GetString(0),
        TokenId = r.GetString(1),
        Session = SessionId.Parse(r.GetString(2)),
        SeenAt = r.Time(3),
        Initialized = !r.IsDBNull(4),
    };

    public Task InitializedAsync(string id, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                "UPDATE mcp_session SET initialized_at = COALESCE(initialized_at, @now), seen_at = @now WHERE id = @id",
                ("@id", id),
                ("@now", turn.NowMs)),
            ct);

    public Task SeenAsync(string id, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync("UPDATE mcp_session SET seen_at = @now WHERE id = @id", ("@id", id), ("@now", turn.NowMs)),
            ct);

    /// <summary>A stream asks for its session's events: on its first try, and again whenever something changed.</summary>
    /// <param name="id">The MCP session.</param>
    /// <param name="stream">The stream's id, unique in the cluster.</param>
    /// <param name="justOpened">True on the first try.</param>
    /// <param name="ct">Cancels.</param>
    public Task<(AttachOutcome Outcome, long Epoch)> AttachAsync(string id, string stream, bool justOpened, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (await LockAsync(turn, id) is not { } session)
                {
                    return (AttachOutcome.Gone, NotAttached);
                }

                var all = await turn.Db.RowsAsync(
                    "SELECT id, generation, stream, stream_closed_at FROM mcp_session WHERE session_id = @session",
                    r => new McpSessionView { Id = r.GetString(0), Generation = r.GetInt64(1), Stream = r.TextOrNull(2), StreamClosedAt = r.TimeOrNull(3) },
                    ("@session", session.ToString()));
                var me = all.Single(m => m.Id == id);
                if (justOpened || me.Stream is null)
                {
                    await turn.Db.ExecuteAsync(
                        "UPDATE mcp_session SET stream = @stream, node = @node, stream_closed_at = NULL, seen_at = @now WHERE id = @id",
                        ("@id", id),
                        ("@stream", stream),
                        ("@node", engine.NodeId),
                        ("@now", turn.NowMs));
                }

                if (!AttachmentRules.MayAttach(me, stream, justOpened, all.Where(m => m.Id != id), turn.Now))
                {
                    return (AttachOutcome.Superseded, NotAttached);
                }

                var epoch = (await turn.Db.NumberAsync(
                    "UPDATE session SET epoch = epoch + 1 WHERE id = @session RETURNING epoch", ("@session", session.ToString())))!.Value;
                await turn.Db.ExecuteAsync(
                    "DELETE FROM attachment WHERE session_id = @session AND attached_at < @before",
                    ("@session", session.ToString()),
                    ("@before", (turn.Now - ConfirmableFor).ToUnixTimeMilliseconds()));
                await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO attachment (session_id, epoch, mcp_session, stream, attached_at)
                    VALUES (@session, @epoch, @mcp, @stream, @now)
                    """,
                    ("@session", session.ToString()),
                    ("@epoch", epoch),
                    ("@mcp", id),
                    ("@stream", stream),
                    ("@now", turn.NowMs));
                turn.Wake(session.ToString());
                return (AttachOutcome.Attached, epoch);
            },
            ct);

    /// <summary>A stream has closed. Another stream of the same MCP session may be open already; then nothing changes.</summary>
    public Task CloseStreamAsync(string id, string stream, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (await LockAsync(turn, id) is { } session)
                {
                    await turn.Db.ExecuteAsync(
                        "UPDATE mcp_session SET stream = NULL, node = NULL, stream_closed_at = @now, seen_at = @now WHERE id = @id AND stream = @stream",
                        ("@id", id),
                        ("@stream", stream),
                        ("@now", turn.NowMs));
                    turn.Wake(session.ToString());
                }

                return true;
            },
            ct);

    /// <summary>Ends an MCP session: its streams close, its open permission requests too.</summary>
    public Task EndAsync(string id, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (await LockAsync(turn, id) is { } session)
                {
                    await EndAsync(turn, id, session);
                }

                return true;
            },
            ct);

    /// <summary>Ends MCP sessions that were never taken up and those that nobody has used for long, unless somebody comes back to them just now.</summary>
    public static async Task<int> SweepAsync(Turn turn)
    {
        const string Over = "((initialized_at IS NULL AND created_at < @uninitialized) OR (stream IS NULL AND seen_at < @unseen))";
        (string, object?)[] times =
        [
            ("@uninitialized", (turn.Now - UninitializedFor).ToUnixTimeMilliseconds()),
            ("@unseen", (turn.Now - UnseenFor).ToUnixTimeMilliseconds()),
        ];
        var ended = 0;
        foreach (var (id, session) in await FindAsync(turn, Over, times))
        {
            await LockAsync(turn, session);
            if (await turn.Db.NumberAsync($"SELECT 1 FROM mcp_session WHERE id = @id AND {Over}{turn.Engine.LockRow}", [("@id", id), .. times]) is not null)
            {
                await EndAsync(turn, id, session);
                ended++;
            }
        }

        return ended;
    }

    /// <summary>Ends all that a token has made.</summary>
    internal static async Task EndAllAsync(Turn turn, string tokenId)
    {
        foreach (var (id, session) in await FindAsync(turn, "token_id = @token", ("@token", tokenId)))
        {
            await LockAsync(turn, session);
            await EndAsync(turn, id, session);
        }
    }

    // In the one order in which turns hold several sessions' rows.
    private static Task<List<(string Id, SessionId Session)>> FindAsync(Turn turn, string which, params (string, object?)[] values) =>
        turn.Db.RowsAsync(
            $"SELECT id, session_id FROM mcp_session WHERE {which} ORDER BY session_id, id",
            r => (r.GetString(0), SessionId.Parse(r.GetString(1))),
            values);

    private static async Task EndAsync(Turn turn, string id, SessionId session)
    {
        var nodes = await turn.Db.RowsAsync("DELETE FROM mcp_session WHERE id = @id RETURNING node", r => r.TextOrNull(0), ("@id", id));
        await turn.Db.ExecuteAsync(
            """
            UPDATE permission_request SET state = 'closed', reason = 'the client that asked is gone'
            WHERE session_id = @session AND mcp_session = @id AND state IN ('open', 'decided')
            """,
            ("@session", session.ToString()),
            ("@id", id));
        turn.Wake(session.ToString(), nodes.FirstOrDefault());
    }

    /// <summary>The one order of locks: the session's row before those of its MCP sessions.</summary>
    private static async Task LockAsync(Turn turn, SessionId session) =>
        await turn.Db.NumberAsync("SELECT epoch FROM session WHERE id = @session" + turn.Engine.LockRow, ("@session", session.ToString()));

    private static async Task<SessionId?> LockAsync(Turn turn, string id)
    {
        var text = await turn.Db.RowAsync(
            "SELECT session_id FROM mcp_session WHERE id = @id", r => r.GetString(0), ("@id", id));
        if (text is null)
        {
            return null;
        }

        var session = SessionId.Parse(text);
        await LockAsync(turn, session);
        return session;
    }
}
