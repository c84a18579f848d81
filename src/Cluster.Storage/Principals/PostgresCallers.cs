using Cluster.Storage.Engines;

namespace Cluster.Storage.Principals;

/// <summary>The hash of a token, and where it was shown.</summary>
internal readonly record struct Credential(string Hash, string Kind);

/// <summary>Who many callers are, by one journey. Nothing is remembered: a revoked token is refused at once.</summary>
internal sealed class PostgresCallers(PostgresEngine engine)
{
    public Task<IReadOnlyList<Caller?>> AuthenticateAsync(IReadOnlyList<Credential> credentials, CancellationToken ct) =>
        engine.ReadAsync<IReadOnlyList<Caller?>>(
            async db =>
            {
                var valid = new Dictionary<Credential, Caller>();
                await db.RowsAsync(
                    Valid,
                    r => valid[new Credential(r.GetString(3), r.GetString(4))] = PrincipalStore.ReadCaller(r),
                    ("@hashes", credentials.Select(credential => credential.Hash).Distinct().ToArray()),
                    ("@now", engine.Clock.GetUtcNow().ToUnixTimeMilliseconds()));
                return [.. credentials.Select(credential => valid.GetValueOrDefault(credential))];
            },
            ct);

    private const string Valid = $"""
        SELECT t.id, t.principal, p.admin, t.hash, t.kind FROM token t JOIN principal p ON p.name = t.principal
        WHERE t.hash = ANY(@hashes) AND {PrincipalStore.Valid}
        """;
}
