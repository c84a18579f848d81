using Cluster.Core.Secrets;
using Cluster.Next.Server.Nodes;
using Cluster.Next.Server.Silos.Certificates;
using Npgsql;

namespace Cluster.Next.Server.Silos.Postgres;

/// <summary>What a node of a cluster has in PostgreSQL before its silo starts: membership's tables, and the nodes' certificates.</summary>
internal sealed class SiloDatabase : IAsyncDisposable
{
    private SiloDatabase(NpgsqlDataSource source, SiloCertificates certificates)
    {
        Source = source;
        Certificates = certificates;
    }

    public NpgsqlDataSource Source { get; }

    public SiloCertificates Certificates { get; }

    /// <exception cref="NodeUnusableException">The database is away, its clock differs, or the key is another one.</exception>
    public static async Task<SiloDatabase> OpenAsync(string connectionString, SecretBox box, TimeProvider clock, CancellationToken ct)
    {
        var source = Connect(connectionString);
        try
        {
            await StoreClock.CheckAsync(source, clock, ct);
            await SiloMigrations.ApplyAsync(source, ct);
            var certificates = new SiloCertificates(new PostgresCertificateTable(source, box), clock);
            await certificates.RefreshAsync(ct);
            return new SiloDatabase(source, certificates);
        }
        catch (Exception e)
        {
            await source.DisposeAsync();
            throw e is NpgsqlException fault
                ? new NodeUnusableException($"PostgreSQL of Cluster:Store cannot be used: {fault.Message} Is it running, and are its address, database and password right?", e)
                : e;
        }
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    // Membership needs few connections; the store has its own.
    private static NpgsqlDataSource Connect(string connectionString)
    {
        try
        {
            return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString)
            {
                MaxPoolSize = 4,
                Timeout = 5,
                CommandTimeout = 5,
                ApplicationName = "channel-cluster node",
            });
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new NodeUnusableException(
                "Cluster:Store is no connection string of PostgreSQL; expected Host=…;Database=…;Username=…;Password=…", e);
        }
    }
}
