using System.Data.Common;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Chats;
using Cluster.Core.Secrets;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;

namespace Cluster.Storage.Chats;

/// <summary>What became of a stranger's code that somebody typed in a terminal.</summary>
public abstract record ConfirmOutcome
{
    private ConfirmOutcome()
    {
    }

    /// <summary>The code is this stranger's; nothing is linked yet.</summary>
    public sealed record Asks(PairingRequestInfo Who) : ConfirmOutcome;

    /// <summary>The account is the caller's from now on.</summary>
    public sealed record Linked(PairingRequestInfo Who) : ConfirmOutcome;

    /// <summary>Wrong, spent, too old, not of whom it was said to be, or one guess too many: which, nobody is told.</summary>
    public sealed record Refused : ConfirmOutcome;

    /// <summary>The caller has no open window.</summary>
    public sealed record NoWindow : ConfirmOutcome;
}

/// <summary>
/// The second way to pair. Somebody opens a window for some minutes; while one is open, a stranger's direct message is answered with a code, once; who has
/// opened a window confirms it in the terminal and has the account linked. Outside of windows nothing is answered and nothing is written.
/// What strangers cause is bounded: one code for each, and <see cref="MostPending"/> in all.
/// </summary>
public sealed class PairingWindows(Engine engine)
{
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>Strangers who hold a code at one time. Opening a window anew forgets them when no other is open, so they cannot take all places for long.</summary>
    public const int MostPending = 20;

    /// <summary>Characters that are kept of a stranger's message.</summary>
    public const int MaxText = 80;

    /// <summary>Wrong codes that one principal may type within <see cref="GuessWindow"/>.</summary>
    public const int MaxGuesses = 5;

    private static readonly TimeSpan GuessWindow = TimeSpan.FromMinutes(10);

    private const string GuessKind = "confirm";

    /// <summary>Opens the caller's window; one that was open ends.</summary>
    public Task<DateTimeOffset> OpenAsync(Caller by, TimeSpan time, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                await EndAsync(turn, by.Principal);
                var end = turn.Now + (time < Longest ? time : Longest);
                await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO pairing_window (principal, expires_at) VALUES (@principal, @end)
                    ON CONFLICT (principal) DO UPDATE SET expires_at = excluded.expires_at
                    """,
                    ("@principal", by.Principal),
                    ("@end", end.ToUnixTimeMilliseconds()));
                await turn.AuditAsync(by.Identity.Value, "pairing.open", by.Principal, $"{(int)(end - turn.Now).TotalMinutes} min");
                return end;
            },
            ct);

    /// <returns>False when the caller has none open.</returns>
    public Task<bool> CloseAsync(Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                var closed = await EndAsync(turn, by.Principal);
                if (closed)
                {
                    await turn.AuditAsync(by.Identity.Value, "pairing.close", by.Principal);
                }

                return closed;
            },
            ct);

    /// <summary>The caller's window and who has asked; null when there is none.</summary>
    public Task<(DateTimeOffset End, List<PairingRequestInfo> Requests)?> FindAsync(Caller by, CancellationToken ct)
    {
        var now = engine.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        return engine.ReadAsync<(DateTimeOffset, List<PairingRequestInfo>)?>(
            async db => await db.NumberAsync(
                    "SELECT expires_at FROM pairing_window WHERE principal = @principal AND expires_at > @now", ("@principal", by.Principal), ("@now", now)) is { } end
                ? (DateTimeOffset.FromUnixTimeMilliseconds(end), await db.RowsAsync(
                    "SELECT identity, name, text, asked_at FROM pairing_request WHERE expires_at > @now ORDER BY asked_at, identity", Read, ("@now", now)))
                : null,
            ct);
    }

    /// <summary>A stranger has written to a bot, in a direct chat.</summary>
    /// <returns>True when a window is open and a code is on its way to them.</returns>
    public async Task<bool> AskAsync(Identity who, string name, string text, ConversationId conversation, CancellationToken ct)
    {
        // Strangers cost no turn while nobody waits for them.
        var now = engine.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        return await engine.ReadAsync(db => db.NumberAsync("SELECT 1 FROM pairing_window WHERE expires_at > @now LIMIT 1", ("@now", now)), ct) is not null
            && await engine.TurnAsync(turn => AskAsync(turn, who, name, text, conversation), ct);
    }

    /// <summary>Somebody has typed a code in a terminal. Only who is named is linked: the one whom the caller was shown.</summary>
    /// <param name="by">Whose the account will be.</param>
    /// <param name="code">What was typed.</param>
    /// <param name="who">Null to learn first who it is.</param>
    /// <param name="ct">Cancels.</param>
    public Task<ConfirmOutcome> ConfirmAsync(Caller by, PairingCode? code, Identity? who, CancellationToken ct) =>
        engine.TurnAsync<ConfirmOutcome>(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                if (await turn.Db.NumberAsync(
                    "SELECT 1 FROM pairing_window WHERE principal = @principal AND expires_at > @now" + engine.LockRow,
                    ("@principal", by.Principal),
                    ("@now", turn.NowMs)) is null)
                {
                    return new ConfirmOutcome.NoWindow();
                }

                // By principal, who may have any number of tokens.
                if (await Guesses.CountAsync(turn, by.Identity, GuessKind, GuessWindow) >= MaxGuesses)
                {
                    return new ConfirmOutcome.Refused();
                }

                var row = code is null ? null : await turn.Db.RowAsync(
                    "SELECT identity, name, text, asked_at, secret_hash, conversation FROM pairing_request WHERE handle = @handle AND expires_at > @now" + engine.LockRow,
                    r => new { Who = Read(r), Hash = r.GetString(4), Conversation = ConversationId.Parse(r.GetString(5)) },
                    ("@handle", code.Handle),
                    ("@now", turn.NowMs));
                if (row is null || row.Hash != Secret.Hash(code!.ToString()) || (who is { } named && named.Value != row.Who.Identity))
                {
                    await Guesses.MissAsync(turn, by.Identity, GuessKind, GuessWindow);
                    await turn.AuditAsync(by.Identity.Value, "refused.pairing", code?.Handle ?? "");
                    return new ConfirmOutcome.Refused();
                }

                if (who is not { } account)
                {
                    return new ConfirmOutcome.Asks(row.Who);
                }

                await ForgetAsync(turn, "DELETE FROM pairing_request WHERE identity = @who RETURNING identity, asked_at", ("@who", account.Value));
                if (!await PairingStore.LinkAsync(turn, account, by.Principal, by.Identity))
                {
                    return new ConfirmOutcome.Refused(); // it has become somebody's meanwhile
                }

                await ChatStore.MeetAsync(turn, row.Conversation, isPrivate: true, account, row.Who.Name);
                await OutboxStore.PutAsync(turn, row.Conversation.ToString(), OutboxKind.Notice, Lanes.Approvals, PairingText.Paired, judged: account);
                return new ConfirmOutcome.Linked(row.Who);
            },
            ct);

    /// <summary>Forgets what is over, and what strangers have said and were told in it.</summary>
    public static async Task<int> SweepAsync(Turn turn) =>
        await turn.Db.ExecuteAsync("DELETE FROM pairing_window WHERE expires_at <= @now", ("@now", turn.NowMs))
        + await ForgetAsync(
            turn,
            """
            DELETE FROM pairing_request WHERE expires_at <= @now OR NOT EXISTS (SELECT 1 FROM pairing_window WHERE expires_at > @now)
            RETURNING identity, asked_at
            """,
            ("@now", turn.NowMs));

    private async Task<bool> AskAsync(Turn turn, Identity who, string name, string text, ConversationId conversation)
    {
        // Held, so that strangers who come at the same time are counted one after the other.
        var ends = await turn.Db.RowsAsync(
            "SELECT expires_at FROM pairing_window WHERE expires_at > @now ORDER BY principal" + engine.LockRow, r => r.GetInt64(0), ("@now", turn.NowMs));
        if (ends.Count == 0 || await turn.Db.NumberAsync("SELECT 1 FROM identity WHERE id = @who", ("@who", who.Value)) is not null)
        {
            return false;
        }

        await SweepAsync(turn);
        if (await turn.Db.NumberAsync("SELECT 1 FROM pairing_request WHERE identity = @who", ("@who", who.Value)) is not null
            || await turn.Db.NumberAsync("SELECT COUNT(*) FROM pairing_request") >= MostPending)
        {
            return false;
        }

        var code = PairingCode.New();
        var validFor = TimeSpan.FromMilliseconds(Math.Min(ends.Max() - turn.NowMs, PairingCode.ValidFor.TotalMilliseconds));
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO pairing_request (handle, secret_hash, identity, conversation, name, text, asked_at, expires_at)
            VALUES (@handle, @hash, @who, @conversation, @name, @text, @now, @expires)
            """,
            ("@handle", code.Handle),
            ("@hash", Secret.Hash(code.ToString())),
            ("@who", who.Value),
            ("@conversation", conversation.ToString()),
            ("@name", name),
            ("@text", text),
            ("@now", turn.NowMs),
            ("@expires", (turn.Now + validFor).ToUnixTimeMilliseconds()));
        await OutboxStore.PutAsync(
            turn, conversation.ToString(), OutboxKind.Notice, Lanes.Approvals, PairingText.Ask(code, validFor), judged: who);
        return true;
    }

    private static async Task<bool> EndAsync(Turn turn, string principal)
    {
        var open = await turn.Db.ExecuteAsync(
            "DELETE FROM pairing_window WHERE principal = @principal AND expires_at > @now", ("@principal", principal), ("@now", turn.NowMs)) > 0;
        await SweepAsync(turn);
        return open;
    }

    // Their codes stand in what was sent them, which bears the time at which they asked.
    private static async Task<int> ForgetAsync(Turn turn, string deletion, params (string Name, object? Value)[] values)
    {
        var gone = await turn.Db.RowsAsync(deletion, r => (Who: r.GetString(0), AskedAt: r.GetInt64(1)), values);
        foreach (var (who, askedAt) in gone)
        {
            await turn.Db.ExecuteAsync("DELETE FROM outbox WHERE created_at = @at AND identity = @who", ("@at", askedAt), ("@who", who));
        }

        return gone.Count;
    }

    private static PairingRequestInfo Read(DbDataReader r) =>
        new() { Identity = r.GetString(0), Name = r.GetString(1), Text = r.GetString(2), AskedAt = r.Time(3) };
}
