using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Chats;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Chats;

/// <summary>What became of a code that somebody sent to a bot.</summary>
public enum PairingOutcome
{
    /// <summary>The account is the principal's from now on.</summary>
    Paired,

    /// <summary>Wrong, spent, burnt, too old, or one guess too many: strangers are not told which.</summary>
    Refused,

    /// <summary>It is somebody's already.</summary>
    Linked,
}

/// <summary>Links accounts of chat platforms to principals. A link grants nothing by itself; it makes its principal's rights that
/// account's too, so it changes the allowlists of that principal's sessions.</summary>
public sealed class PairingStore(Engine engine)
{
    /// <summary>Wrong codes of one account in one <see cref="Hour"/>. There is no limit for all together, which strangers could use up: a code
    /// itself bears few guesses.</summary>
    public const int MaxOfOne = 5;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private const string GuessKind = "pairing";

    /// <summary>A new code for the caller's principal; the one before ends.</summary>
    public Task<PairingCode> NewAsync(Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                var code = PairingCode.New();
                await turn.Db.ExecuteAsync("DELETE FROM pairing WHERE principal = @principal OR expires_at <= @now", ("@principal", by.Principal), ("@now", turn.NowMs));
                await turn.Db.ExecuteAsync(
                    "INSERT INTO pairing (handle, secret_hash, principal, failed, expires_at) VALUES (@handle, @hash, @principal, 0, @expires)",
                    ("@handle", code.Handle),
                    ("@hash", Secret.Hash(code.ToString())),
                    ("@principal", by.Principal),
                    ("@expires", (turn.Now + PairingCode.ValidFor).ToUnixTimeMilliseconds()));
                await turn.AuditAsync(by.Identity.Value, "pairing.new", by.Principal);
                return code;
            },
            ct);

    /// <summary>Who has used the caller's code; null while nobody has.</summary>
    public Task<PairingInfo?> FindAsync(Caller by, string handle, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowAsync(
                "SELECT identity, name, failed, expires_at FROM pairing WHERE handle = @handle AND principal = @principal",
                r => new PairingInfo
                {
                    Identity = r.TextOrNull(0),
                    Name = r.TextOrNull(1),
                    Burnt = r.GetInt64(2) >= PairingCode.MaxFailed,
                    ExpiresAt = r.Time(3),
                },
                ("@handle", handle),
                ("@principal", by.Principal)),
            ct);

    /// <summary>Somebody has sent a code to a bot.</summary>
    public Task<PairingOutcome> TryAsync(Identity who, string name, PairingCode code, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (await turn.Db.NumberAsync("SELECT 1 FROM identity WHERE id = @id", ("@id", who.Value)) is not null)
                {
                    return PairingOutcome.Linked;
                }

                // Who was given a code in a window and sends it back has not guessed; of them nothing stays.
                if (await turn.Db.NumberAsync(
                    "SELECT 1 FROM pairing_request WHERE identity = @id AND handle = @handle AND expires_at > @now",
                    ("@id", who.Value),
                    ("@handle", code.Handle),
                    ("@now", turn.NowMs)) is not null)
                {
                    return PairingOutcome.Refused;
                }

                if (await Guesses.CountAsync(turn, who, GuessKind, Hour) >= MaxOfOne)
                {
                    return PairingOutcome.Refused;
                }

                var row = await turn.Db.RowAsync(
                    "SELECT secret_hash, principal FROM pairing WHERE handle = @handle AND failed < @most AND identity IS NULL AND expires_at > @now" + engine.LockRow,
                    r => new { Hash = r.GetString(0), Principal = r.GetString(1) },
                    ("@handle", code.Handle),
                    ("@most", PairingCode.MaxFailed),
                    ("@now", turn.NowMs));
                if (row is null || row.Hash != Secret.Hash(code.ToString()))
                {
                    var burnt = await turn.Db.RowAsync(
                        "UPDATE pairing SET failed = failed + 1 WHERE handle = @handle AND identity IS NULL AND expires_at > @now RETURNING failed, principal",
                        r => new { Failed = r.GetInt64(0), Principal = r.GetString(1) },
                        ("@handle", code.Handle),
                        ("@now", turn.NowMs));
                    if (burnt is { Failed: PairingCode.MaxFailed })
                    {
                        await Alerts.BurntAsync(turn, burnt.Principal, code.Handle);
                    }

                    await Guesses.MissAsync(turn, who, GuessKind, Hour);
                    await turn.AuditAsync(who.Value, "refused.pairing", code.Handle);
                    return PairingOutcome.Refused;
                }

                await turn.Db.ExecuteAsync(
                    "UPDATE pairing SET identity = @id, name = @name WHERE handle = @handle", ("@id", who.Value), ("@name", name), ("@handle", code.Handle));
                return await LinkAsync(turn, who, row.Principal, who) ? PairingOutcome.Paired : PairingOutcome.Linked;
            },
            ct);

    /// <summary>The caller's accounts at chat platforms; an admin sees everybody's.</summary>
    public Task<List<IdentityInfo>> ListAsync(Caller by, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT i.id, i.principal, u.name FROM identity i LEFT JOIN chat_user u ON u.identity = i.id
                WHERE i.principal = @principal OR @admin = 1 ORDER BY i.principal, i.id
                """,
                r => new IdentityInfo { Identity = r.GetString(0), Principal = r.GetString(1), Name = r.TextOrNull(2) },
                ("@principal", by.Principal),
                ("@admin", by.Admin ? 1 : 0)),
            ct);

    /// <summary>Takes an account away from its principal, at once.</summary>
    /// <returns>False when it is not the caller's.</returns>
    public Task<bool> UnlinkAsync(Identity identity, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                var principal = await turn.Db.RowAsync(
                    "DELETE FROM identity WHERE id = @id AND (principal = @principal OR @admin = 1) RETURNING principal",
                    r => r.GetString(0),
                    ("@id", identity.Value),
                    ("@principal", by.Principal),
                    ("@admin", by.Admin ? 1 : 0));
                if (principal is null)
                {
                    return false;
                }

                await ChangeSessionsAsync(turn, principal);
                await turn.AuditAsync(by.Identity.Value, "identity.unlink", principal, identity.Value);
                return true;
            },
            ct);

    /// <summary>Forgets codes that can no longer be used, and old guesses.</summary>
    public static async Task<int> SweepAsync(Turn turn) =>
        await turn.Db.ExecuteAsync("DELETE FROM pairing WHERE expires_at <= @before", ("@before", (turn.Now - Hour).ToUnixTimeMilliseconds()))
        + await turn.Db.ExecuteAsync("DELETE FROM guess WHERE since <= @before", ("@before", (turn.Now - Hour).ToUnixTimeMilliseconds()));

    /// <summary>Makes an account a principal's, at once and for all sessions.</summary>
    /// <returns>False when it is somebody's already.</returns>
    internal static async Task<bool> LinkAsync(Turn turn, Identity who, string principal, Identity by)
    {
        if (await turn.Db.ExecuteAsync(
            "INSERT INTO identity (id, principal) VALUES (@id, @principal) ON CONFLICT (id) DO NOTHING", ("@id", who.Value), ("@principal", principal)) == 0)
        {
            return false;
        }

        await ChangeSessionsAsync(turn, principal);
        await turn.AuditAsync(by.Value, "identity.link", principal, who.Value);
        return true;
    }

    // Whose identities are the owner's is part of every allowlist of the owner's sessions. In one order, as everybody who holds several.
    private static async Task ChangeSessionsAsync(Turn turn, string principal)
    {
        foreach (var session in await turn.Db.RowsAsync(
            "SELECT id FROM session WHERE owner = @owner AND shares IS NULL ORDER BY id", r => SessionId.Parse(r.GetString(0)), ("@owner", principal)))
        {
            await AccessStore.RaiseVersionAsync(turn, session);
        }
    }
}
