using System.Text.Json;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Core.Webhooks;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Routes;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Sources;

/// <summary>A webhook source as its receiver needs it.</summary>
public sealed record Source
{
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required string Owner { get; init; }
    public required string Path { get; init; }
    public required byte[] SealedSecret { get; init; }
    public required SessionId Session { get; init; }
    public required string Playbook { get; init; }
    public SourceSettings Settings { get; init; } = SourceSettings.None;

    /// <summary>The settings as they stand in the row, by which others of later are known; empty for none.</summary>
    public string SettingsText { get; init; } = "";

    /// <summary>Secrets before the present one that are good for a while.</summary>
    public IReadOnlyList<OldSecret> OldSecrets { get; init; } = [];

    /// <summary>Another one after each rotation; tells nothing of the secret.</summary>
    public string SecretMark => SourceSecrets.Mark(SealedSecret);

    public Identity Identity => Identity.Source(Name);
}

/// <summary>An event that entered, and how far it came.</summary>
public sealed record EnteredEvent(long Id, string State, string? Reason, string Session, string? Route);

/// <summary>What a new source shall be.</summary>
public sealed record SourceWish
{
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public required SessionId Session { get; init; }
    public string Playbook { get; init; } = "";
    public SourceSettings Settings { get; init; } = SourceSettings.None;
    public required string Secret { get; init; }
}

/// <summary>Webhook sources and their routes. Secrets stand here encrypted.</summary>
public sealed partial class SourceStore(Engine engine, SecretBox box)
{
    /// <returns>The new source's path; null when the name is taken.</returns>
    /// <exception cref="UnauthorizedAccessException">The session is unknown or not the caller's.</exception>
    public Task<string?> AddAsync(SourceWish wish, Caller by, CancellationToken ct) =>
        engine.TurnAsync<string?>(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                if (await AccessStore.FindAsync(turn.Db, wish.Session) is not { } access || !access.May(by.Identity, Act.Own))
                {
                    throw new UnauthorizedAccessException();
                }

                var path = Secret.NewPath();
                var added = await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO source (name, kind, owner, path, secret, created_at, settings)
                    VALUES (@name, @kind, @owner, @path, @secret, @now, @settings)
                    ON CONFLICT (name) DO NOTHING
                    """,
                    ("@name", wish.Name),
                    ("@kind", wish.Kind),
                    ("@owner", by.Principal),
                    ("@path", path),
                    ("@secret", box.Seal(wish.Secret, SourceSecrets.Purpose(wish.Name))),
                    ("@now", turn.NowMs),
                    ("@settings", Write(wish.Settings)));
                if (added == 0)
                {
                    return null;
                }

                await CatchUpStore.ForgetAsync(turn, wish.Name);
                await RouteReaches.ForgetAsync(turn, wish.Name); // what routes said of an earlier source of this name means another one
                await SourceSecrets.RemoveAsync(turn, wish.Name); // a node of an older version removes a source without them
                await turn.Db.ExecuteAsync(
                    "INSERT INTO route (source, session_id, playbook) VALUES (@source, @session, @playbook)",
                    ("@source", wish.Name),
                    ("@session", wish.Session.ToString()),
                    ("@playbook", wish.Playbook));
                await AccessStore.RaiseVersionAsync(turn, wish.Session);
                await turn.AuditAsync(by.Identity.Value, "source.add", wish.Name, wish.Session.ToString());
                return path;
            },
            ct);

    /// <returns>False when there is no such source, or when it is not the caller's.</returns>
    public Task<bool> RemoveAsync(string name, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                if (await turn.Db.RowAsync(
                    "DELETE FROM source WHERE name = @name AND (owner = @owner OR @admin = 1) RETURNING path",
                    r => r.GetString(0),
                    ("@name", name),
                    ("@owner", by.Principal),
                    ("@admin", by.Admin ? 1 : 0)) is not { } path)
                {
                    return false;
                }

                await SourceSecrets.RemoveAsync(turn, name);
                await CatchUpStore.ForgetAsync(turn, name);
                await RemoveRoutesAsync(turn, name, path);
                await turn.AuditAsync(by.Identity.Value, "source.remove", name);
                return true;
            },
            ct);

    public Task<List<SourceInfo>> ListAsync(Caller by, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var old = await SourceSecrets.LiveAsync(db, null, engine.Clock.GetUtcNow());
                var owners = await SourceOwners.AllAsync(db, by);
                return await db.RowsAsync(
                    """
                    SELECT s.name, s.kind, s.owner, r.session_id, r.playbook, s.created_at, s.settings, s.secret, c.api, c.owner, c.asked_at, c.problem, c.next_page,
                      (SELECT COUNT(*) FROM source_redelivery d WHERE d.source = c.source AND d.given_up = 0),
                      (SELECT COUNT(*) FROM source_redelivery d WHERE d.source = c.source AND d.given_up = 1)
                    FROM source s JOIN route r ON r.source = s.name LEFT JOIN source_catch_up c ON c.source = s.name AND c.path = s.path
                    WHERE s.owner = @owner OR @admin = 1 ORDER BY s.name
                    """,
                    r => new SourceInfo
                    {
                        Name = r.GetString(0),
                        Kind = r.GetString(1),
                        Owner = r.GetString(2),
                        Session = r.GetString(3),
                        Playbook = r.GetString(4),
                        CreatedAt = r.Time(5),
                        Settings = r.TextOrNull(6) is { } settings ? Read(settings) : null,
                        Secrets =
                        [
                            new SecretInfo { End = End(r.Bytes(7), SourceSecrets.Purpose(r.GetString(0))) },
                            .. old.Where(one => one.Source == r.GetString(0)).Select(one =>
                                new SecretInfo { End = End(one.Sealed, one.Purpose), Until = one.Until, UsedAt = one.UsedAt }),
                        ],
                        CatchUp = r.IsDBNull(8)
                            ? null
                            : new CatchUpInfo
                            {
                                From = $"{r.GetString(8)}/{r.GetString(9)}",
                                AskedAt = r.TimeOrNull(10),
                                Problem = r.TextOrNull(11),
                                More = !r.IsDBNull(12),
                                Waiting = r.GetInt64(13),
                                GivenUp = r.GetInt64(14),
                            },
                        Owners = [.. owners[r.GetString(0)]],
                    },
                    ("@owner", by.Principal),
                    ("@admin", by.Admin ? 1 : 0));
            },
            ct);

    /// <returns>Null for a path that is no source's.</returns>
    public Task<Source?> FindAsync(string path, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                var source = await db.RowAsync(
                    """
                    SELECT s.name, s.kind, s.secret, r.session_id, r.playbook, s.settings, s.owner
                    FROM source s JOIN route r ON r.source = s.name WHERE s.path = @path
                    """,
                    r => new Source
                    {
                        Name = r.GetString(0),
                        Kind = r.GetString(1),
                        Owner = r.GetString(6),
                        Path = path,
                        SealedSecret = r.Bytes(2),
                        Session = SessionId.Parse(r.GetString(3)),
                        Playbook = r.GetString(4),
                        Settings = r.TextOrNull(5) is { } settings ? Read(settings) : SourceSettings.None,
                        SettingsText = r.TextOrNull(5) ?? "",
                    },
                    ("@path", path));
                return source is null
                    ? null
                    : source with { OldSecrets = await SourceSecrets.LiveAsync(db, source.Name, engine.Clock.GetUtcNow()) };
            },
            ct);

    /// <summary>The path of a source that the caller may manage; null when there is none.</summary>
    public Task<string?> PathAsync(string name, Caller by, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowAsync(
                "SELECT path FROM source WHERE name = @name AND (owner = @owner OR @admin = 1)",
                r => r.GetString(0),
                ("@name", name),
                ("@owner", by.Principal),
                ("@admin", by.Admin ? 1 : 0)),
            ct);

    /// <summary>Opens a source's present secret for one signature check.</summary>
    public string OpenSecret(Source source) => box.Open(source.SealedSecret, SourceSecrets.Purpose(source.Name));

    /// <summary>Opens one before it.</summary>
    public string OpenSecret(OldSecret secret) => box.Open(secret.Sealed, secret.Purpose);

    internal static async Task<List<string>> FindUnreadableAsync(Turn turn, SecretBox box)
    {
        var sources = await turn.Db.RowsAsync("SELECT name, secret FROM source ORDER BY name", r => (Name: r.GetString(0), Secret: r.Bytes(1)));
        var old = await SourceSecrets.LiveAsync(turn.Db, null, turn.Now);
        return
        [
            .. sources.Where(source => !box.Opens(source.Secret, SourceSecrets.Purpose(source.Name))).Select(source => source.Name)
                .Concat(old.Where(secret => !box.Opens(secret.Sealed, secret.Purpose)).Select(secret => secret.Source))
                .Distinct().Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Removes sources whose secret nobody can read any more; their events stay.</summary>
    internal static async Task ForgetAsync(Turn turn, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            var path = await turn.Db.RowAsync("DELETE FROM source WHERE name = @name RETURNING path", r => r.GetString(0), ("@name", name));
            await SourceSecrets.RemoveAsync(turn, name);
            await CatchUpStore.ForgetAsync(turn, name);
            await RemoveRoutesAsync(turn, name, path ?? "");
            await turn.AuditAsync("node", "source.forget", name);
        }
    }

    internal static SourceSettings Read(string settings) =>
        JsonSerializer.Deserialize(settings, ApiJson.Default.SourceSettings) ?? SourceSettings.None;

    /// <returns>Null for none: no row is larger than it must be.</returns>
    internal static string? Write(SourceSettings settings) =>
        settings == SourceSettings.None ? null : JsonSerializer.Serialize(settings, ApiJson.Default.SourceSettings);

    private static async Task RemoveRoutesAsync(Turn turn, string name, string path)
    {
        await RouteReaches.ForgetAsync(turn, name);
        await SourceOwners.ForgetAsync(turn, path);
        var routed = await turn.Db.RowsAsync(
            "DELETE FROM route WHERE source = @name RETURNING session_id", r => SessionId.Parse(r.GetString(0)), ("@name", name));
        foreach (var session in routed)
        {
            await AccessStore.RaiseVersionAsync(turn, session);
        }
    }

    // A list must be had even where the key is not the one of every source.
    private string End(byte[] secret, string purpose) => box.Opens(secret, purpose) ? box.Open(secret, purpose)[^4..] : "?";
}
