using Cluster.Core.Secrets;
using Cluster.Core.Webhooks.GitHub;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;

namespace Cluster.Storage.Sources;

/// <summary>Where to ask, and with what. What is null stays as it is.</summary>
public sealed record CatchUpWish
{
    public string? Api { get; init; }

    /// <summary><c>repos/acme/api</c> or <c>orgs/acme</c>.</summary>
    public string? Owner { get; init; }

    /// <summary>Null to keep the one that was named for the same owner, or to find it by its address.</summary>
    public long? Hook { get; init; }

    public string? Token { get; init; }
}

/// <summary>A source whose sender is to be asked now.</summary>
public sealed record CatchUpJob
{
    public required string Source { get; init; }
    public required string Path { get; init; }
    public required string Api { get; init; }
    public required string Owner { get; init; }
    public long? Hook { get; init; }

    /// <summary>Sealed anew at every change, so that it tells too whether the setting is another one by now.</summary>
    public required byte[] SealedToken { get; init; }

    /// <summary>What was attempted before this is done with.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Where a list goes on that was longer than a round reads.</summary>
    public string? NextPage { get; init; }

    /// <summary>When that list began.</summary>
    public DateTimeOffset? Listing { get; init; }

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

    /// <summary>Nobody has said yet whose hook it is.</summary>
    NoOwner,

    /// <summary>There is no token yet, or none that may go to this API.</summary>
    NoToken,
}

/// <summary>Sources that ask GitHub for the deliveries which failed. Tokens stand here encrypted.</summary>
public sealed class CatchUpStore(Engine engine, SecretBox box)
{
    /// <summary>Sets it, or changes what the wish names. What failed before is asked for as before.</summary>
    public Task<CatchUpChange> SetAsync(string name, CatchUpWish wish, Caller by, CancellationToken ct) =>
        ChangeAsync(
            name,
            by,
            async (turn, path) =>
            {
                var before = await turn.Db.RowAsync(
                    "SELECT api, owner, hook, token, since, blocked_until FROM source_catch_up WHERE source = @source AND path = @path" + turn.Engine.LockRow,
                    r => new Standing(r.GetString(0), r.GetString(1), r.IsDBNull(2) ? null : r.GetInt64(2), r.Bytes(3), r.GetInt64(4), r.GetInt64(5)),
                    ("@source", name),
                    ("@path", path));
                if ((wish.Owner ?? before?.Owner) is not { } owner)
                {
                    return CatchUpChange.NoOwner;
                }

                // A token goes only to the API that it was given for.
                var api = wish.Api ?? before?.Api ?? CatchUpTarget.PublicApi;
                var purpose = Purpose(name, path);
                var token = wish.Token ?? (before?.Api == api && box.Opens(before.Token, purpose) ? box.Open(before.Token, purpose) : null);
                if (token is null)
                {
                    return CatchUpChange.NoToken;
                }

                var hook = wish.Hook ?? (before?.Api == api && before.Owner == owner ? before.Hook : null);
                var since = turn.NowMs;
                if (before is null)
                {
                    await ForgetAsync(turn, name);
                }
                else if (before.Api == api && before.Owner == owner && before.Hook == hook)
                {
                    since = before.Since;
                    await FailedDeliveries.BeginAnewAsync(turn, name);
                }
                else
                {
                    since = Math.Min(before.Since, await FailedDeliveries.ForgetAsync(turn, name) ?? long.MaxValue);
                }

                await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO source_catch_up (source, path, api, owner, hook, token, since, next_at, blocked_until, failures)
                    VALUES (@source, @path, @api, @owner, @hook, @token, @since, @now, @blocked, 0)
                    ON CONFLICT (source) DO UPDATE SET api = excluded.api, owner = excluded.owner, hook = excluded.hook, token = excluded.token,
                      since = excluded.since, next_page = NULL, listing = NULL, next_at = excluded.next_at, blocked_until = excluded.blocked_until,
                      failures = 0, problem = NULL
                    """,
                    ("@source", name),
                    ("@path", path),
                    ("@api", api),
                    ("@owner", owner),
                    ("@hook", hook),
                    ("@token", box.Seal(token, purpose)),
                    ("@since", since),
                    ("@blocked", wish.Token is null ? before!.BlockedUntil : 0), // a limit is the token's
                    ("@now", turn.NowMs));
                await turn.AuditAsync(by.Identity.Value, "source.catch-up", name, $"{api}/{owner}");
                return CatchUpChange.Done;
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
                return CatchUpChange.Done;
            },
            ct);

    /// <param name="all">True for those too that were asked a while ago only: something may have failed meanwhile.</param>
    /// <param name="ct">Cancels.</param>
    public Task<List<CatchUpJob>> DueAsync(bool all, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT c.source, c.path, c.api, c.owner, c.hook, c.token, c.since, c.failures, c.next_page, c.listing
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
                    NextPage = r.TextOrNull(8),
                    Listing = r.TimeOrNull(9),
                },
                ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds()),
                ("@all", all ? 1 : 0)),
            ct);

    /// <exception cref="System.Security.Cryptography.CryptographicException">The node's key is another one.</exception>
    public string OpenToken(CatchUpJob job) => box.Open(job.SealedToken, Purpose(job.Source, job.Path));

    /// <param name="job">The source.</param>
    /// <param name="now">The time.</param>
    /// <param name="most">How many at the most.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>What failed and is to be asked for by now, the oldest first.</returns>
    public Task<List<FailedDelivery>> FailedAsync(CatchUpJob job, DateTimeOffset now, int most, CancellationToken ct) =>
        engine.ReadAsync(db => FailedDeliveries.DueAsync(db, job.Source, now, most), ct);

    /// <param name="turn">Under the lease.</param>
    /// <param name="job">The source.</param>
    /// <param name="since">What was attempted before is done with from now on.</param>
    /// <param name="nextPage">Where the list goes on; null when it was read to its end, or begins anew.</param>
    /// <param name="listing">When it began.</param>
    public static Task<int> ListedAsync(Turn turn, CatchUpJob job, DateTimeOffset since, string? nextPage, DateTimeOffset? listing) =>
        turn.Db.ExecuteAsync(
            "UPDATE source_catch_up SET since = @since, next_page = @page, listing = @listing WHERE source = @source AND path = @path AND token = @token",
            ("@since", since.ToUnixTimeMilliseconds()),
            ("@page", nextPage),
            ("@listing", listing?.ToUnixTimeMilliseconds()),
            ("@source", job.Source),
            ("@path", job.Path),
            ("@token", job.SealedToken));

    /// <param name="turn">Under the lease.</param>
    /// <param name="job">The source.</param>
    /// <param name="next">When to ask again.</param>
    /// <param name="blockedUntil">Before when GitHub wants to hear nothing.</param>
    /// <param name="problem">What went wrong; null when nothing did.</param>
    public static async Task<int> AskedAsync(Turn turn, CatchUpJob job, DateTimeOffset next, DateTimeOffset? blockedUntil, string? problem)
    {
        if (!await HoldAsync(turn, job))
        {
            return 0;
        }

        await FailedDeliveries.AgeAsync(turn, job.Source);
        return await turn.Db.ExecuteAsync(
            """
            UPDATE source_catch_up SET next_at = @next, blocked_until = @blocked, problem = @problem,
              failures = CASE WHEN CAST(@problem AS TEXT) IS NULL THEN 0 ELSE failures + 1 END,
              asked_at = CASE WHEN CAST(@problem AS TEXT) IS NULL THEN @now ELSE asked_at END
            WHERE source = @source
            """,
            ("@next", next.ToUnixTimeMilliseconds()),
            ("@blocked", blockedUntil?.ToUnixTimeMilliseconds() ?? 0),
            ("@problem", problem),
            ("@now", turn.NowMs),
            ("@source", job.Source));
    }

    /// <summary>Before anything that a round writes: false when the setting is another one by now, which the round must leave as it is.</summary>
    internal static async Task<bool> HoldAsync(Turn turn, CatchUpJob job) =>
        await turn.Db.ExecuteAsync(
            "UPDATE source_catch_up SET failures = failures WHERE source = @source AND path = @path AND token = @token",
            ("@source", job.Source),
            ("@path", job.Path),
            ("@token", job.SealedToken)) > 0;

    /// <summary>With its source.</summary>
    internal static async Task ForgetAsync(Turn turn, string source)
    {
        await turn.Db.ExecuteAsync("DELETE FROM source_catch_up WHERE source = @source", ("@source", source));
        await FailedDeliveries.ForgetAsync(turn, source);
    }

    private Task<CatchUpChange> ChangeAsync(string name, Caller by, Func<Turn, string, Task<CatchUpChange>> change, CancellationToken ct) =>
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

                return await change(turn, path);
            },
            ct);

    private static string Purpose(string source, string path) => $"source:{source}/catch-up/{path}";

    private sealed record Standing(string Api, string Owner, long? Hook, byte[] Token, long Since, long BlockedUntil);
}
