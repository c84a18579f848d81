using Cluster.Core.Secrets;
using Cluster.Core.Webhooks.GitHub;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;

namespace Cluster.Storage.Sources;

/// <summary>Where to ask, and with what.</summary>
public sealed record CatchUpWish
{
    public required string Api { get; init; }

    /// <summary><c>repos/acme/api</c> or <c>orgs/acme</c>.</summary>
    public required string Owner { get; init; }

    /// <summary>Null to find it by its address.</summary>
    public long? Hook { get; init; }

    public required string Token { get; init; }
}

/// <summary>A source whose sender is to be asked now.</summary>
public sealed record CatchUpJob
{
    public required string Source { get; init; }
    public required string Path { get; init; }
    public required string Api { get; init; }
    public required string Owner { get; init; }
    public long? Hook { get; init; }
    public required byte[] SealedToken { get; init; }

    /// <summary>What was attempted before this is done with.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Rounds in a row that went wrong.</summary>
    public required int Failures { get; init; }
}

/// <summary>What became of the wish to catch up.</summary>
public enum CatchUpChange
{
    Done,

    /// <summary>There is no such source, or it is not the caller's.</summary>
    NoSuchSource,

    /// <summary>Its sender is not GitHub.</summary>
    NotGitHub,
}

/// <summary>Sources that ask GitHub for the deliveries which failed. Tokens stand here encrypted.</summary>
public sealed class CatchUpStore(Engine engine, SecretBox box)
{
    /// <summary>How often a delivery is asked for again at the most.</summary>
    public const int MostAsked = 3;

    public Task<CatchUpChange> SetAsync(string name, CatchUpWish wish, Caller by, CancellationToken ct) =>
        ChangeAsync(
            name,
            by,
            async (turn, path) =>
            {
                await ForgetAsync(turn, name);
                await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO source_catch_up (source, path, api, owner, hook, token, since, next_at, blocked_until, failures)
                    VALUES (@source, @path, @api, @owner, @hook, @token, @now, @now, 0, 0)
                    """,
                    ("@source", name),
                    ("@path", path),
                    ("@api", wish.Api),
                    ("@owner", wish.Owner),
                    ("@hook", wish.Hook),
                    ("@token", box.Seal(wish.Token, Purpose(name, path))),
                    ("@now", turn.NowMs));
                await turn.AuditAsync(by.Identity.Value, "source.catch-up", name, $"{wish.Api}/{wish.Owner}");
            },
            ct);

    public Task<CatchUpChange> RemoveAsync(string name, Caller by, CancellationToken ct) =>
        ChangeAsync(
            name,
            by,
            async (turn, _) =>
            {
                await ForgetAsync(turn, name);
                await turn.AuditAsync(by.Identity.Value, "source.catch-up", name, "off");
            },
            ct);

    /// <param name="all">True for those too that were asked a while ago only: something may have failed meanwhile.</param>
    /// <param name="ct">Cancels.</param>
    public Task<List<CatchUpJob>> DueAsync(bool all, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT c.source, c.path, c.api, c.owner, c.hook, c.token, c.since, c.failures
                FROM source_catch_up c JOIN source s ON s.name = c.source AND s.path = c.path
                WHERE (c.next_at <= @now OR @all = 1) AND c.blocked_until <= @now ORDER BY c.next_at
                """,
                r => new CatchUpJob
                {
                    Source = r.GetString(0),
                    Path = r.GetString(1),
                    Api = r.GetString(2),
                    Owner = r.GetString(3),
                    Hook = r.IsDBNull(4) ? null : r.GetInt64(4),
                    SealedToken = r.Bytes(5),
                    Since = r.Time(6),
                    Failures = (int)r.GetInt64(7),
                },
                ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds()),
                ("@all", all ? 1 : 0)),
            ct);

    /// <exception cref="System.Security.Cryptography.CryptographicException">The node's key is another one.</exception>
    public string OpenToken(CatchUpJob job) => box.Open(job.SealedToken, Purpose(job.Source, job.Path));

    /// <summary>Notes that a delivery is asked for once more; false when it was often enough, or the source is another one by now.</summary>
    public static async Task<bool> CountAsync(Turn turn, CatchUpJob job, string delivery) =>
        await turn.Db.ExecuteAsync(
            """
            INSERT INTO source_redelivery (source, delivery, asked, at)
            SELECT @source, @delivery, 1, @now FROM source_catch_up WHERE source = @source AND path = @path
            ON CONFLICT (source, delivery) DO UPDATE SET asked = source_redelivery.asked + 1, at = excluded.at
            WHERE source_redelivery.asked < @most
            """,
            ("@source", job.Source),
            ("@path", job.Path),
            ("@delivery", delivery),
            ("@most", MostAsked),
            ("@now", turn.NowMs)) > 0;

    public static Task<int> FoundAsync(Turn turn, CatchUpJob job, long hook) =>
        turn.Db.ExecuteAsync(
            "UPDATE source_catch_up SET hook = @hook WHERE source = @source AND path = @path", ("@hook", hook), ("@source", job.Source), ("@path", job.Path));

    /// <param name="turn">Under the lease.</param>
    /// <param name="job">The source.</param>
    /// <param name="since">What was attempted before is done with from now on.</param>
    /// <param name="next">When to ask again.</param>
    /// <param name="blockedUntil">Before when GitHub wants to hear nothing.</param>
    /// <param name="problem">What went wrong; null when nothing did.</param>
    public static async Task<int> AskedAsync(
        Turn turn, CatchUpJob job, DateTimeOffset since, DateTimeOffset next, DateTimeOffset? blockedUntil, string? problem)
    {
        await turn.Db.ExecuteAsync(
            "DELETE FROM source_redelivery WHERE source = @source AND at < @old",
            ("@source", job.Source),
            ("@old", (turn.Now - (2 * HookDelivery.Redeliverable)).ToUnixTimeMilliseconds()));
        return await turn.Db.ExecuteAsync(
            """
            UPDATE source_catch_up SET since = @since, next_at = @next, blocked_until = @blocked, problem = @problem,
              failures = CASE WHEN CAST(@problem AS TEXT) IS NULL THEN 0 ELSE failures + 1 END,
              asked_at = CASE WHEN CAST(@problem AS TEXT) IS NULL THEN @now ELSE asked_at END
            WHERE source = @source AND path = @path
            """,
            ("@since", since.ToUnixTimeMilliseconds()),
            ("@next", next.ToUnixTimeMilliseconds()),
            ("@blocked", blockedUntil?.ToUnixTimeMilliseconds() ?? 0),
            ("@problem", problem),
            ("@now", turn.NowMs),
            ("@source", job.Source),
            ("@path", job.Path));
    }

    /// <summary>With its source.</summary>
    internal static async Task ForgetAsync(Turn turn, string source)
    {
        await turn.Db.ExecuteAsync("DELETE FROM source_catch_up WHERE source = @source", ("@source", source));
        await turn.Db.ExecuteAsync("DELETE FROM source_redelivery WHERE source = @source", ("@source", source));
    }

    private Task<CatchUpChange> ChangeAsync(string name, Caller by, Func<Turn, string, Task> change, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                var taken = await turn.Db.RowsAsync(
                    "UPDATE source SET name = name WHERE name = @name AND (owner = @owner OR @admin = 1) RETURNING kind, path",
                    r => (Kind: r.GetString(0), Path: r.GetString(1)),
                    ("@name", name),
                    ("@owner", by.Principal),
                    ("@admin", by.Admin ? 1 : 0));
                if (taken is not [var (kind, path)])
                {
                    return CatchUpChange.NoSuchSource;
                }

                if (kind != "github")
                {
                    return CatchUpChange.NotGitHub;
                }

                await change(turn, path);
                return CatchUpChange.Done;
            },
            ct);

    private static string Purpose(string source, string path) => $"source:{source}/catch-up/{path}";
}
