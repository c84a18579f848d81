using System.Globalization;
using Npgsql;

namespace Cluster.Next.Server.Silos.Postgres;

/// <summary>Brings the tables of membership up to date: forward only, one node at a time. They may stand beside any others.</summary>
internal static class SiloMigrations
{
    private const long LockKey = 0x436c_7573_5369_6c6f; // "ClusSilo"
    private const string Prefix = "migration.";

    public static async Task ApplyAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        var assembly = typeof(SiloMigrations).Assembly;
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({LockKey})"));
        await ExecuteAsync("CREATE TABLE IF NOT EXISTS silo_migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())");
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var name = resource[Prefix.Length..];
            await using var claim = new NpgsqlCommand("INSERT INTO silo_migration (name) VALUES (@name) ON CONFLICT (name) DO NOTHING", connection);
            claim.Parameters.AddWithValue("name", name);
            if (await claim.ExecuteNonQueryAsync(ct) == 1)
            {
                using var text = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                await ExecuteAsync(await text.ReadToEndAsync(ct));
            }
        }

        await transaction.CommitAsync(ct);

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(ct);
        }
    }
}
