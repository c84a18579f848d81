using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Secrets;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Principals;

/// <summary>A token that was just proved valid.</summary>
public sealed record Caller
{
    public required string TokenId { get; init; }
    public required string Principal { get; init; }
    public required bool Admin { get; init; }

    /// <summary>Who speaks through this token.</summary>
    public Identity Identity => Identity.Console(Principal);
}

/// <summary>Who acts, and with which token; without one where it is not a token that says who it is.</summary>
public readonly record struct Actor(Identity Identity, string? TokenId = null)
{
    public static implicit operator Actor(Caller caller) => new(caller.Identity, caller.TokenId);

    public static implicit operator Actor(Identity identity) => new(identity);
}

/// <summary>People and services, their invitations and their tokens. Secrets are kept as hashes only.</summary>
public sealed class PrincipalStore(Engine engine)
{
    public static readonly TimeSpan InvitationFor = TimeSpan.FromDays(7);
    public static readonly TimeSpan PageCodeFor = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan PageLoginFor = TimeSpan.FromDays(30);

    /// <summary>What a token <c>t</c> must be at <c>@now</c>; a page login also needs the token that asked for it.</summary>
    internal const string Valid = """
        t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > @now)
          AND NOT EXISTS (SELECT 1 FROM token parent WHERE parent.id = t.parent AND parent.revoked_at IS NOT NULL)
        """;

    private const string AccessKind = "access";
    private const string PageKind = "page";

    /// <summary>The first start's admin: made with a token unless it exists.</summary>
    /// <returns>The token's secret, or null when the principal was there already.</returns>
    public Task<string?> EnsureAdminAsync(string name, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (!await AddAsync(turn, name, admin: true))
                {
                    return null;
                }

                await turn.AuditAsync("node", "principal.add", name, "admin");
                return (await NewTokenAsync(turn, name, AccessKind, "admin token file", null, null)).Token;
            },
            ct);

    /// <summary>Makes the token that the operator has set the admin's, and ends the one that was set before.</summary>
    /// <exception cref="EngineUnusableException">This token was revoked, or is somebody else's: it is never made valid again.</exception>
    public Task SetAdminTokenAsync(string name, string secret, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await AddAsync(turn, name, admin: true);

                // Nodes that start together with a new token make it one after another.
                await turn.Db.NumberAsync("SELECT 1 FROM principal WHERE name = @name" + engine.LockRow, ("@name", name));
                var label = "set by the operator";
                var known = await turn.Db.RowAsync(
                    "SELECT principal, revoked_at FROM token WHERE hash = @hash",
                    r => new { Principal = r.GetString(0), Revoked = !r.IsDBNull(1) },
                    ("@hash", Secret.Hash(secret)));
                switch (known)
                {
                    case { Revoked: true }:
                        throw new EngineUnusableException(
                            "Cluster:AdminToken was revoked, by somebody or because another one was set after it; a revoked token stays revoked. "
                            + "Set a new one, as `openssl rand -hex 32` prints, the same for every node.");
                    case { Principal: var owner } when owner != name:
                        throw new EngineUnusableException(
                            $"Cluster:AdminToken is a token of {owner} already, and Cluster:Admin is {name}; a token is one principal's. "
                            + "Set a new one, as `openssl rand -hex 32` prints, or correct Cluster:Admin.");
                    case not null:
                        return false;
                }

                foreach (var former in await turn.Db.RowsAsync(
                    "UPDATE token SET revoked_at = @now WHERE principal = @principal AND label = @label AND revoked_at IS NULL RETURNING id",
                    r => r.GetString(0),
                    ("@now", turn.NowMs),
                    ("@principal", name),
                    ("@label", label)))
                {
                    await McpSessionStore.EndAllAsync(turn, former);
                }

                var token = await NewTokenAsync(turn, name, AccessKind, label, null, null, secret);
                await turn.AuditAsync("node", "token.new", name, $"{token.Id} {label}");
                return true;
            },
            ct);

    /// <summary>A new token for a principal, outside any login: the admin token file was lost.</summary>
    public Task<string> ReplaceAdminTokenAsync(string name, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                var token = await NewTokenAsync(turn, name, AccessKind, "admin token file", null, null);
                await turn.AuditAsync("node", "token.new", name, $"{token.Id} admin token file");
                return token.Token;
            },
            ct);

    /// <summary>Makes a principal unless it exists, and a one-time invitation for it.</summary>
    /// <returns>The invitation's code and its end.</returns>
    public Task<(string Code, DateTimeOffset ExpiresAt)> InviteAsync(string name, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                await AddAsync(turn, name, admin: false);
                var code = Secret.NewCode();
                var expires = turn.Now + InvitationFor;
                await turn.Db.ExecuteAsync(
                    "INSERT INTO invitation (code_hash, principal, expires_at) VALUES (@hash, @principal, @expires)",
                    ("@hash", Secret.Hash(code)),
                    ("@principal", name),
                    ("@expires", expires.ToUnixTimeMilliseconds()));
                await turn.AuditAsync(by.Identity.Value, "principal.invite", name);
                return (code, expires);
            },
            ct);

    public Task<List<PrincipalInfo>> ListAsync(CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                "SELECT name, admin, created_at FROM principal ORDER BY name",
                r => new PrincipalInfo { Name = r.GetString(0), Admin = r.GetInt64(1) != 0, CreatedAt = r.Time(2) }),
            ct);

    /// <summary>Whether an identity is anybody's. Which sessions others have is not told: there, only their owner must be known.</summary>
    public Task<bool> KnowsAsync(Identity who, Caller by, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var isSession = who.IsSession(out var session);
                var found = isSession && session.Owner == by.Principal
                    ? await db.NumberAsync("SELECT 1 FROM session WHERE id = @id", ("@id", session.ToString()))
                    : await db.NumberAsync(
                        "SELECT 1 FROM identity WHERE id = @id", ("@id", (isSession ? Identity.Console(session.Owner) : who).Value));
                return found is not null;
            },
            ct);

    /// <returns>Null when the code is unknown, spent or too old.</returns>
    public async Task<NewToken?> RedeemAsync(string code, string label, CancellationToken ct) =>
        !await KnowsCodeAsync("SELECT 1 FROM invitation WHERE code_hash = @hash", code, ct) ? null : await engine.TurnAsync(
            async turn =>
            {
                var principal = await turn.Db.RowAsync(
                    "DELETE FROM invitation WHERE code_hash = @hash AND expires_at > @now RETURNING principal",
                    r => r.GetString(0),
                    ("@hash", Secret.Hash(code)),
                    ("@now", turn.NowMs));
                if (principal is null)
                {
                    return null;
                }

                var token = await NewTokenAsync(turn, principal, AccessKind, label, null, null);
                await turn.AuditAsync(Identity.Console(principal).Value, "token.new", principal, $"{token.Id} by invitation");
                return token;
            },
            ct);

    public Task<NewToken> AddTokenAsync(Caller by, string label, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                var token = await NewTokenAsync(turn, by.Principal, AccessKind, label, null, null);
                await turn.AuditAsync(by.Identity.Value, "token.new", by.Principal, token.Id);
                return token;
            },
            ct);

    /// <summary>One's own tokens; an admin sees everybody's.</summary>
    public Task<List<TokenInfo>> ListTokensAsync(Caller by, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT id, principal, kind, label, created_at, expires_at, revoked_at FROM token
                WHERE principal = @principal OR @admin = 1 ORDER BY principal, created_at
                """,
                r => new TokenInfo
                {
                    Id = r.GetString(0),
                    Principal = r.GetString(1),
                    Kind = r.GetString(2),
                    Label = r.GetString(3),
                    CreatedAt = r.Time(4),
                    ExpiresAt = r.TimeOrNull(5),
                    RevokedAt = r.TimeOrNull(6),
                    Current = r.GetString(0) == by.TokenId,
                },
                ("@principal", by.Principal),
                ("@admin", by.Admin ? 1 : 0)),
            ct);

    /// <summary>Ends a token at once: its page logins with it, its MCP sessions and their streams.</summary>
    /// <returns>False when there is no such token, or when it is not the caller's.</returns>
    public Task<bool> RevokeTokenAsync(string id, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                // Whoever logs in with a code of this token, or initializes with it, holds it: what they make is seen by what follows.
                await turn.Db.NumberAsync("SELECT 1 FROM token WHERE id = @id" + engine.LockRow, ("@id", id));
                await Tokens.HoldAsync(turn, by);
                var revoked = await turn.Db.ExecuteAsync(
                    """
                    UPDATE token SET revoked_at = @now
                    WHERE (id = @id OR parent = @id) AND revoked_at IS NULL AND (principal = @principal OR @admin = 1)
                    """,
                    ("@now", turn.NowMs),
                    ("@id", id),
                    ("@principal", by.Principal),
                    ("@admin", by.Admin ? 1 : 0));
                if (revoked == 0)
                {
                    return false;
                }

                await McpSessionStore.EndAllAsync(turn, id);
                await turn.AuditAsync(by.Identity.Value, "token.revoke", id);
                return true;
            },
            ct);

    /// <summary>A single-use code that opens the page for the owner of this token.</summary>
    public Task<(string Code, DateTimeOffset ExpiresAt)> NewPageCodeAsync(Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                var code = Secret.NewCode();
                var expires = turn.Now + PageCodeFor;
                await turn.Db.ExecuteAsync(
                    "INSERT INTO page_code (code_hash, token_id, expires_at) VALUES (@hash, @token, @expires)",
                    ("@hash", Secret.Hash(code)),
                    ("@token", by.TokenId),
                    ("@expires", expires.ToUnixTimeMilliseconds()));
                return (code, expires);
            },
            ct);

    /// <summary>Spends a page code.</summary>
    /// <returns>The login's secret for the cookie, or null when the code is unknown, spent, too old, or its token revoked.</returns>
    public async Task<(string Token, DateTimeOffset ExpiresAt)?> SpendPageCodeAsync(string code, CancellationToken ct) =>
        !await KnowsCodeAsync("SELECT 1 FROM page_code WHERE code_hash = @hash", code, ct) ? null : await engine.TurnAsync<(string, DateTimeOffset)?>(
            async turn =>
            {
                var parent = await turn.Db.RowAsync(
                    "DELETE FROM page_code WHERE code_hash = @hash AND expires_at > @now RETURNING token_id",
                    r => r.GetString(0),
                    ("@hash", Secret.Hash(code)),
                    ("@now", turn.NowMs));
                var principal = parent is null
                    ? null
                    : await turn.Db.RowAsync(
                        "SELECT principal FROM token WHERE id = @id AND revoked_at IS NULL" + engine.ShareRow, r => r.GetString(0), ("@id", parent));
                if (principal is null)
                {
                    return null;
                }

                var expires = turn.Now + PageLoginFor;
                var login = await NewTokenAsync(turn, principal, PageKind, "page", parent, expires);
                await turn.AuditAsync(Identity.Console(principal).Value, "page.login", principal, login.Id);
                return (login.Token, expires);
            },
            ct);

    /// <returns>Null for a token that is unknown, revoked or past its end: one answer for all.</returns>
    public Task<Caller?> AuthenticateAsync(string secret, bool page, CancellationToken ct)
    {
        var credential = new Credential(Secret.Hash(secret), page ? PageKind : AccessKind);
        return engine is PostgresEngine postgres ? postgres.Gathered.Callers.AddAsync(credential, ct) : engine.ReadAsync(
            db => db.RowAsync(
                $"""
                SELECT t.id, t.principal, p.admin FROM token t JOIN principal p ON p.name = t.principal
                WHERE t.hash = @hash AND t.kind = @kind AND {Valid}
                """,
                ReadCaller,
                ("@hash", credential.Hash),
                ("@kind", credential.Kind),
                ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds())),
            ct);
    }

    internal static Caller ReadCaller(System.Data.Common.DbDataReader r) =>
        new() { TokenId = r.GetString(0), Principal = r.GetString(1), Admin = r.GetInt64(2) != 0 };

    /// <summary>Forgets codes that can no longer be spent.</summary>
    public static async Task<int> SweepAsync(Turn turn) =>
        await turn.Db.ExecuteAsync("DELETE FROM invitation WHERE expires_at <= @now", ("@now", turn.NowMs))
        + await turn.Db.ExecuteAsync("DELETE FROM page_code WHERE expires_at <= @now", ("@now", turn.NowMs));

    // Anybody may try a code: only one that exists is worth a turn.
    private Task<bool> KnowsCodeAsync(string sql, string code, CancellationToken ct) =>
        engine.ReadAsync(async db => await db.NumberAsync(sql, ("@hash", Secret.Hash(code))) is not null, ct);

    private static async Task<bool> AddAsync(Turn turn, string name, bool admin)
    {
        var added = await turn.Db.ExecuteAsync(
            "INSERT INTO principal (name, admin, created_at) VALUES (@name, @admin, @now) ON CONFLICT (name) DO NOTHING",
            ("@name", name),
            ("@admin", admin ? 1 : 0),
            ("@now", turn.NowMs));
        if (added == 0)
        {
            return false;
        }

        await turn.Db.ExecuteAsync(
            "INSERT INTO identity (id, principal) VALUES (@id, @principal)",
            ("@id", Identity.Console(name).Value),
            ("@principal", name));
        return true;
    }

    private static async Task<NewToken> NewTokenAsync(
        Turn turn, string principal, string kind, string label, string? parent, DateTimeOffset? expires, string? secret = null)
    {
        var token = new NewToken { Id = Secret.NewShortId(), Principal = principal, Token = secret ?? Secret.NewToken() };
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO token (id, hash, principal, kind, parent, label, created_at, expires_at)
            VALUES (@id, @hash, @principal, @kind, @parent, @label, @now, @expires)
            """,
            ("@id", token.Id),
            ("@hash", Secret.Hash(token.Token)),
            ("@principal", principal),
            ("@kind", kind),
            ("@parent", parent),
            ("@label", label),
            ("@now", turn.NowMs),
            ("@expires", expires?.ToUnixTimeMilliseconds()));
        return token;
    }
}
