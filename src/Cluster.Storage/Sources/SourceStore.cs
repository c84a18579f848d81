using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Sources;

/// <summary>A webhook source as its receiver needs it.</summary>
public sealed record Source
{
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required string Path { get; init; }
    public required byte[] SealedSecret { get; init; }
    public required SessionId Session { get; init; }
    public required string Playbook { get; init; }

    public Identity Identity => Identity.Source(Name);
}

/// <summary>Webhook sources and their routes. Secrets stand here encrypted.</summary>
public sealed class SourceStore(Engine engine, SecretBox box)
{
    /// <returns>The new source's path and secret; null when the name is taken.</returns>
    /// <exception cref="UnauthorizedAccessException">The session is unknown or not the caller's.</exception>
    public Task<(string Path, string Secret)?> AddAsync(string kind, string name, SessionId session, string playbook, Caller by, CancellationToken ct) =>
        engine.TurnAsync<(string, string)?>(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                if (await AccessStore.FindAsync(turn.Db, session) is not { } access || !access.May(by.Identity, Act.Own))
                {
                    throw new UnauthorizedAccessException();
                }

                var path = Secret.NewPath();
                var secret = Secret.NewWebhookSecret();
                var added = await turn.Db.ExecuteAsync(
                    """
                    INSERT INTO source (name, kind, owner, path, secret, created_at) VALUES (@name, @kind, @owner, @path, @secret, @now)
                    ON CONFLICT (name) DO NOTHING
                    """,
                    ("@name", name),
                    ("@kind", kind),
                    ("@owner", by.Principal),
                    ("@path", path),
                    ("@secret", box.Seal(secret, Purpose(name))),
                    ("@now", turn.NowMs));
                if (added == 0)
                {
                    return null;
                }

                await turn.Db.ExecuteAsync(
                    "INSERT INTO route (source, session_id, playbook) VALUES (@source, @session, @playbook)",
                    ("@source", name),
                    ("@session", session.ToString()),
                    ("@playbook", playbook));
                await AccessStore.RaiseVersionAsync(turn, session);
                await turn.AuditAsync(by.Identity.Value, "source.add", name, session.ToString());
                return (path, secret);
            },
            ct);

    /// <returns>False when there is no such source, or when it is not the caller's.</returns>
    public Task<bool> RemoveAsync(string name, Caller by, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);
                if (await turn.Db.ExecuteAsync(
                    "DELETE FROM source WHERE name = @name AND (owner = @owner OR @admin = 1)",
                    ("@name", name),
                    ("@owner", by.Principal),
                    ("@admin", by.Admin ? 1 : 0)) == 0)
                {
                    return false;
                }

                await RemoveRoutesAsync(turn, name);
                await turn.AuditAsync(by.Identity.Value, "source.remove", name);
                return true;
            },
            ct);

    public Task<List<SourceInfo>> ListAsync(Caller by, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                """
                SELECT s.name, s.kind, s.owner, r.session_id, r.playbook, s.created_at
                FROM source s JOIN route r ON r.source = s.name
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
                },
                ("@owner", by.Principal),
                ("@admin", by.Admin ? 1 : 0)),
            ct);

    /// <returns>Null for a path that is no source's.</returns>
    public Task<Source?> FindAsync(string path, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowAsync(
                """
                SELECT s.name, s.kind, s.secret, r.session_id, r.playbook
                FROM source s JOIN route r ON r.source = s.name WHERE s.path = @path
                """,
                r => new Source
                {
                    Name = r.GetString(0),
                    Kind = r.GetString(1),
                    Path = path,
                    SealedSecret = r.Bytes(2),
                    Session = SessionId.Parse(r.GetString(3)),
                    Playbook = r.GetString(4),
                },
                ("@path", path)),
            ct);

    /// <summary>Opens a source's secret for one signature check.</summary>
    public string OpenSecret(Source source) => box.Open(source.SealedSecret, Purpose(source.Name));

    internal static async Task<List<string>> FindUnreadableAsync(Turn turn, SecretBox box)
    {
        var sources = await turn.Db.RowsAsync("SELECT name, secret FROM source ORDER BY name", r => (Name: r.GetString(0), Secret: r.Bytes(1)));
        return [.. sources.Where(source => !box.Opens(source.Secret, Purpose(source.Name))).Select(source => source.Name)];
    }

    /// <summary>Removes sources whose secret nobody can read any more; their events stay.</summary>
    internal static async Task ForgetAsync(Turn turn, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            await turn.Db.ExecuteAsync("DELETE FROM source WHERE name = @name", ("@name", name));
            await RemoveRoutesAsync(turn, name);
            await turn.AuditAsync("node", "source.forget", name);
        }
    }

    private static async Task RemoveRoutesAsync(Turn turn, string name)
    {
        var routed = await turn.Db.RowsAsync(
            "DELETE FROM route WHERE source = @name RETURNING session_id", r => SessionId.Parse(r.GetString(0)), ("@name", name));
        foreach (var session in routed)
        {
            await AccessStore.RaiseVersionAsync(turn, session);
        }
    }

    private static string Purpose(string name) => $"source:{name}";
}
