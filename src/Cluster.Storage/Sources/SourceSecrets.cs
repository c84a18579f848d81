using System.Security.Cryptography;
using Cluster.Core.Secrets;
using Cluster.Core.Webhooks;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Routes;

namespace Cluster.Storage.Sources;

/// <summary>A secret before a source's present one, and until when it is good.</summary>
public sealed record OldSecret
{
    public required string Source { get; init; }
    public required string Id { get; init; }
    public required byte[] Sealed { get; init; }
    public required DateTimeOffset Until { get; init; }
    public DateTimeOffset? UsedAt { get; init; }

    internal string Purpose => SourceSecrets.Purpose(Source, Id);
}

/// <summary>What became of the wish for a new secret.</summary>
public enum Rotation
{
    Done,

    /// <summary>There is no such source, or it is not the caller's.</summary>
    NoSuchSource,

    /// <summary>Three secrets are good already.</summary>
    TooMany,
}

/// <summary>New secrets for sources. The present one stands with its source; those before it are good until a stated time, so that the sender
/// can be told the new one without losing an event. A rotation raises the version of all sessions that the source reaches, and their allowlists tell its
/// mark: what was proved before is proved again, so that a secret that has ended lets nothing in on any node once its end is answered.</summary>
public sealed class SourceSecrets(Engine engine, SecretBox box)
{
    /// <summary>Secrets of one source that may be good at a time.</summary>
    public const int Most = 3;

    /// <param name="name">The source.</param>
    /// <param name="secret">Its new secret.</param>
    /// <param name="keepOld">How long the present one stays good; zero ends that one and all before it.</param>
    /// <param name="by">Who asks.</param>
    /// <param name="ct">Cancels the wait.</param>
    public Task<Rotation> RotateAsync(string name, string secret, TimeSpan keepOld, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);

                // Two at a time come one after the other: the row is taken before it is read.
                var taken = await turn.Db.RowsAsync(
                    "UPDATE source SET name = name WHERE name = @name AND (owner = @owner OR @admin = 1) RETURNING settings",
                    r => r.TextOrNull(0) is { } text ? SourceStore.Read(text) : SourceSettings.None,
                    ("@name", name),
                    ("@owner", by.Principal),
                    ("@admin", by.Admin ? 1 : 0));
                if (taken is not [var settings])
                {
                    return Rotation.NoSuchSource;
                }

                if (settings.AwaitsSecret)
                {
                    keepOld = TimeSpan.Zero; // the present one only held the place, and nobody knows it
                }

                await turn.Db.ExecuteAsync(
                    "DELETE FROM source_secret WHERE source = @source AND (until <= @now OR @all = 1)",
                    ("@source", name),
                    ("@now", turn.NowMs),
                    ("@all", keepOld <= TimeSpan.Zero ? 1 : 0));
                if (keepOld > TimeSpan.Zero)
                {
                    if (await turn.Db.NumberAsync("SELECT COUNT(*) FROM source_secret WHERE source = @source", ("@source", name)) >= Most - 1)
                    {
                        return Rotation.TooMany;
                    }

                    await KeepAsync(turn, name, turn.Now + keepOld);
                }

                await turn.Db.ExecuteAsync(
                    "UPDATE source SET secret = @secret, settings = @settings WHERE name = @name",
                    ("@name", name),
                    ("@secret", box.Seal(secret, Purpose(name))),
                    ("@settings", SourceStore.Write(settings with { AwaitsSecret = false })));
                await RouteStore.RaiseAsync(turn, name);
                await turn.AuditAsync(by.Identity.Value, "source.rotate", name, $"old secret good for {keepOld.TotalHours:0.##} h");
                return Rotation.Done;
            },
            ct);

    /// <summary>Notes that a sender still uses an old secret. Only the first note of all nodes is audited.</summary>
    public Task<bool> UsedAsync(OldSecret secret, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                if (await NoteAsync("UPDATE source_secret SET used_at = @now WHERE source = @source AND id = @id AND used_at IS NULL"))
                {
                    await turn.AuditAsync("node", "source.old-secret", secret.Source, $"still used; good until {secret.Until:u}");
                    return true;
                }

                return await NoteAsync("UPDATE source_secret SET used_at = @now WHERE source = @source AND id = @id");

                async Task<bool> NoteAsync(string update) =>
                    await turn.Db.ExecuteAsync(update, ("@now", turn.NowMs), ("@source", secret.Source), ("@id", secret.Id)) > 0;
            },
            ct);

    // Sealed anew at each rotation, with chance in it.
    internal static string Mark(byte[] sealedSecret) => Convert.ToHexStringLower(SHA256.HashData(sealedSecret).AsSpan(0, 16));

    internal static string Purpose(string source) => $"source:{source}";

    internal static string Purpose(string source, string id) => $"source-secret:{source}:{id}";

    /// <param name="db">A connection.</param>
    /// <param name="source">One source, or null for all.</param>
    /// <param name="now">The engine's time.</param>
    internal static async Task<List<OldSecret>> LiveAsync(EngineConnection db, string? source, DateTimeOffset now)
    {
        const string Columns = "SELECT source, id, secret, until, used_at FROM source_secret WHERE until > @now";
        Func<System.Data.Common.DbDataReader, OldSecret> read = r => new OldSecret
        {
            Source = r.GetString(0),
            Id = r.GetString(1),
            Sealed = r.Bytes(2),
            Until = r.Time(3),
            UsedAt = r.TimeOrNull(4),
        };
        return source is null
            ? await db.RowsAsync($"{Columns} ORDER BY until DESC", read, ("@now", now.ToUnixTimeMilliseconds()))
            : await db.RowsAsync(
                $"{Columns} AND source = @source ORDER BY until DESC", read, ("@now", now.ToUnixTimeMilliseconds()), ("@source", source));
    }

    internal static Task<int> RemoveAsync(Turn turn, string source) =>
        turn.Db.ExecuteAsync("DELETE FROM source_secret WHERE source = @source", ("@source", source));

    private async Task KeepAsync(Turn turn, string name, DateTimeOffset until)
    {
        var present = await turn.Db.RowAsync("SELECT secret FROM source WHERE name = @name", r => r.Bytes(0), ("@name", name));
        var id = Secret.NewShortId();
        await turn.Db.ExecuteAsync(
            "INSERT INTO source_secret (source, id, secret, until) VALUES (@source, @id, @secret, @until)",
            ("@source", name),
            ("@id", id),
            ("@secret", box.Seal(box.Open(present, Purpose(name)), Purpose(name, id))), // bound to its own row from now on
            ("@until", until.ToUnixTimeMilliseconds()));
    }
}
