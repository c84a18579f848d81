using System.Data.Common;
using Cluster.Core.Api;
using Cluster.Core.Secrets;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;
using Cluster.Storage.Principals;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Chats;

/// <summary>A bot as whoever runs it needs it.</summary>
public sealed record Bot
{
    public required string Name { get; init; }
    public required string Platform { get; init; }
    public required Uri BaseUrl { get; init; }
    public required byte[] SealedToken { get; init; }
    public required string AccountId { get; init; }

    /// <summary>Its platform calls the cluster, instead of being asked.</summary>
    public required bool Webhook { get; init; }

    /// <summary>The lease of the one node that receives and sends for it.</summary>
    public string LeaseName => $"bot:{Name}";
}

/// <summary>Bots of chat platforms. Their tokens stand here encrypted.</summary>
public sealed class BotStore(Engine engine, LeaseStore leases, SecretBox box)
{
    /// <returns>False when the name, or this account of the platform, is here already.</returns>
    public Task<bool> AddAsync(
        string name, string platform, Uri baseUrl, string token, (string Id, string Name, string? PairingLink) account, bool webhook, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                if (await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO bot (name, platform, base_url, token, account_id, account_name, pairing_link, mode, created_at)
                    VALUES (@name, @platform, @url, @token, @account, @accountName, @link, @mode, @now)
                    ON CONFLICT DO NOTHING
                    """,
                    ("@name", name),
                    ("@platform", platform),
                    ("@url", baseUrl.ToString()),
                    ("@token", box.Seal(token, Purpose(name))),
                    ("@account", account.Id),
                    ("@accountName", account.Name),
                    ("@link", account.PairingLink),
                    ("@mode", webhook ? WebhookMode : null),
                    ("@now", turn.NowMs)) == 0)
                {
                    return false;
                }

                await turn.AuditAsync(by.Identity.Value, "bot.add", name, $"{platform} {account.Id}");
                turn.Wake(Topic);
                return true;
            },
            ct);

    /// <summary>Changes how a bot hears.</summary>
    /// <returns>False when there is no such bot.</returns>
    public Task<bool> SetModeAsync(string name, bool webhook, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                if (await turn.Db.ExecuteAsync(
                    "UPDATE bot SET mode = @mode, problem = NULL WHERE name = @name", ("@mode", webhook ? WebhookMode : null), ("@name", name)) == 0)
                {
                    return false;
                }

                await turn.AuditAsync(by.Identity.Value, "bot.mode", name, webhook ? WebhookMode : "poll");
                turn.Wake(Topic);
                return true;
            },
            ct);

    /// <summary>Removes a bot. What it was told stays; what waits to be sent through it will not be.</summary>
    public Task<bool> RemoveAsync(string name, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                if (await DeleteAsync(turn, name) == 0)
                {
                    return false;
                }

                await turn.AuditAsync(by.Identity.Value, "bot.remove", name);
                turn.Wake(Topic);
                return true;
            },
            ct);

    /// <summary>What is woken when bots come or go.</summary>
    public const string Topic = "bots";

    private const string WebhookMode = "webhook";

    public Task<List<Bot>> RunnableAsync(CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                "SELECT name, platform, base_url, token, account_id, mode FROM bot ORDER BY name",
                r => new Bot
                {
                    Name = r.GetString(0),
                    Platform = r.GetString(1),
                    BaseUrl = new Uri(r.GetString(2)),
                    SealedToken = r.Bytes(3),
                    AccountId = r.GetString(4),
                    Webhook = r.TextOrNull(5) == WebhookMode,
                }),
            ct);

    public Task<List<BotInfo>> ListAsync(CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                $"""
                SELECT b.name, b.platform, b.account_id, b.account_name, b.pairing_link, b.problem, b.heard_at, n.name, b.mode, b.limited_until,
                  (SELECT COUNT(*) FROM outbox o WHERE o.bot = b.name AND o.state = 'queued' AND o.lane >= 0)
                FROM bot b LEFT JOIN lease l ON l.name = 'bot:' || b.name AND l.expires_at > {engine.NowSql} LEFT JOIN node n ON n.id = l.holder
                ORDER BY b.name
                """,
                r => new BotInfo
                {
                    Name = r.GetString(0),
                    Platform = r.GetString(1),
                    AccountId = r.GetString(2),
                    AccountName = r.GetString(3),
                    PairingLink = r.TextOrNull(4),
                    Problem = r.TextOrNull(5),
                    HeardAt = r.TimeOrNull(6),
                    Node = r.TextOrNull(7),
                    Webhook = r.TextOrNull(8) == WebhookMode,
                    LimitedUntil = r.TimeOrNull(9) is { } until && until > engine.Clock.GetUtcNow() ? until : null,
                    Waiting = (int)r.GetInt64(10),
                }),
            ct);

    /// <summary>Opens a bot's token for its client.</summary>
    public string OpenToken(Bot bot) => box.Open(bot.SealedToken, Purpose(bot.Name));

    /// <summary>Where its receiver was; null at the first time.</summary>
    public Task<string?> RecallAsync(string name, CancellationToken ct) =>
        engine.ReadAsync(db => db.RowAsync("SELECT place FROM bot WHERE name = @name AND place IS NOT NULL", r => r.GetString(0), ("@name", name)), ct);

    /// <exception cref="LeaseLostException">Another node receives by now.</exception>
    public Task RememberAsync(Lease lease, string name, string place, CancellationToken ct) =>
        leases.TurnAsync(lease, turn => turn.Db.ExecuteAsync("UPDATE bot SET place = @place WHERE name = @name", ("@place", place), ("@name", name)), ct);

    /// <summary>Writes that the platform has answered, or what keeps the bot from working.</summary>
    /// <exception cref="LeaseLostException">Another node receives by now.</exception>
    public Task ReportAsync(Lease lease, string name, string? problem, CancellationToken ct) =>
        leases.TurnAsync(
            lease,
            turn => turn.Db.ExecuteAsync(
                "UPDATE bot SET problem = @problem, heard_at = CASE WHEN @heard = 1 THEN @now ELSE heard_at END WHERE name = @name",
                ("@problem", problem),
                ("@heard", problem is null ? 1 : 0),
                ("@now", turn.NowMs),
                ("@name", name)),
            ct);

    /// <summary>Writes until when the platform wants to be sent nothing, or less.</summary>
    /// <exception cref="LeaseLostException">Another node sends by now.</exception>
    public Task LimitedAsync(Lease lease, string name, DateTimeOffset until, CancellationToken ct) =>
        leases.TurnAsync(
            lease,
            turn => turn.Db.ExecuteAsync(
                "UPDATE bot SET limited_until = @until WHERE name = @name", ("@until", until.ToUnixTimeMilliseconds()), ("@name", name)),
            ct);

    internal static async Task<List<string>> FindUnreadableAsync(Turn turn, SecretBox box)
    {
        var bots = await turn.Db.RowsAsync("SELECT name, token FROM bot ORDER BY name", (DbDataReader r) => (Name: r.GetString(0), Token: r.Bytes(1)));
        return [.. bots.Where(bot => !box.Opens(bot.Token, Purpose(bot.Name))).Select(bot => bot.Name)];
    }

    /// <summary>Removes bots whose token nobody can read any more.</summary>
    internal static async Task ForgetAsync(Turn turn, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            await DeleteAsync(turn, name);
            await turn.AuditAsync("node", "bot.forget", name);
        }
    }

    // Its conversations go with it: another account may come under the same name, and knows nothing of them.
    private static async Task<int> DeleteAsync(Turn turn, string name)
    {
        var bot = ("@name", (object?)name);
        await turn.Db.ExecuteAsync(
            """
            UPDATE reply SET refused = 'the bot was removed'
            WHERE id IN (SELECT call_id FROM outbox WHERE bot = @name AND kind = 'answer' AND state = 'queued' AND lane >= 0 AND call_id IS NOT NULL)
            """,
            bot);
        await NoticeStore.EndedAsync(turn, name, "the bot was removed");
        await turn.Db.ExecuteAsync(
            "UPDATE outbox SET state = 'refused', reason = 'the bot was removed' WHERE bot = @name AND state = 'queued' AND lane >= 0", bot);
        await turn.Db.ExecuteAsync("DELETE FROM waiting_line WHERE conversation IN (SELECT id FROM conversation WHERE bot = @name)", bot);
        await turn.Db.ExecuteAsync("DELETE FROM chat_message WHERE conversation IN (SELECT id FROM conversation WHERE bot = @name)", bot);
        await turn.Db.ExecuteAsync("DELETE FROM conversation WHERE bot = @name", bot);
        return await turn.Db.ExecuteAsync("DELETE FROM bot WHERE name = @name", bot);
    }

    private static string Purpose(string name) => $"bot:{name}";
}
