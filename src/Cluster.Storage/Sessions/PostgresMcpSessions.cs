using Cluster.Storage.Engines;

namespace Cluster.Storage.Sessions;

/// <summary>An MCP session as its client names it, and the token that must have made it.</summary>
internal readonly record struct McpSessionKey(string Id, string TokenId);

/// <summary>Many clients' MCP sessions, by one journey.</summary>
internal sealed class PostgresMcpSessions(PostgresEngine engine)
{
    public Task<IReadOnlyList<McpSession?>> FindAsync(IReadOnlyList<McpSessionKey> keys, CancellationToken ct) =>
        engine.ReadAsync<IReadOnlyList<McpSession?>>(
            async db =>
            {
                var found = (await db.RowsAsync(
                    "SELECT id, token_id, session_id, seen_at, initialized_at FROM mcp_session WHERE id = ANY(@ids)",
                    McpSessionStore.Read,
                    ("@ids", keys.Select(key => PostgresText.Fit(key.Id)).Distinct().ToArray()))).ToDictionary(session => session.Id);
                return [.. keys.Select(key => found.GetValueOrDefault(key.Id) is { } session && session.TokenId == key.TokenId ? session : null)];
            },
            ct);
}
