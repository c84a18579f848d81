using System.Globalization;
using System.Security.Cryptography;
using Cluster.Core.Secrets;
using Cluster.Next.Server.Nodes;
using Cluster.Next.Server.Silos.Certificates;
using Npgsql;

namespace Cluster.Next.Server.Silos.Postgres;

/// <summary>The nodes' certificates in PostgreSQL, each with its key sealed under <c>CLUSTER_KEY</c>.</summary>
internal sealed class PostgresCertificateTable(NpgsqlDataSource database, SecretBox box) : ISiloCertificateTable
{
    /// <exception cref="NodeUnusableException"><c>CLUSTER_KEY</c> is not the one that they were sealed with.</exception>
    public async Task<(int Highest, IReadOnlyList<SiloCertificate> All)> ReadAsync(CancellationToken ct)
    {
        await using var read = database.CreateCommand("SELECT number, used_from, sealed FROM node_certificate ORDER BY number");
        await using var rows = await read.ExecuteReaderAsync(ct);
        var (highest, all) = (0, new List<SiloCertificate>());
        while (await rows.ReadAsync(ct))
        {
            highest = rows.GetInt32(0);
            all.Add(Open(highest, rows.GetFieldValue<DateTimeOffset>(1), rows.GetFieldValue<byte[]>(2)));
        }

        return (highest, all);
    }

    public async Task TryAddAsync(int number, DateTimeOffset usedFrom, DateTimeOffset now, CancellationToken ct)
    {
        var (made, text) = SiloCertificate.Make(now, usedFrom);
        await using var add = database.CreateCommand(
            """
            INSERT INTO node_certificate (number, used_from, ends_at, sealed) VALUES (@number, @used_from, @ends_at, @sealed)
            ON CONFLICT (number) DO NOTHING
            """);
        add.Parameters.AddWithValue("number", number);
        add.Parameters.AddWithValue("used_from", usedFrom.ToUniversalTime());
        add.Parameters.AddWithValue("ends_at", made.Ends);
        add.Parameters.AddWithValue("sealed", box.Seal(text, Purpose(number)));
        await add.ExecuteNonQueryAsync(ct);
        made.Certificate.Dispose();
    }

    private SiloCertificate Open(int number, DateTimeOffset usedFrom, byte[] bytes)
    {
        try
        {
            return SiloCertificate.Read(box.Open(bytes, Purpose(number)), usedFrom);
        }
        catch (CryptographicException e)
        {
            throw new NodeUnusableException(
                "CLUSTER_KEY does not fit: the certificate by which the nodes of this cluster know one another was encrypted with another key. "
                + "Start this node with the key of the others.",
                e);
        }
    }

    private static string Purpose(int number) => string.Create(CultureInfo.InvariantCulture, $"node-certificate:{number}");
}
