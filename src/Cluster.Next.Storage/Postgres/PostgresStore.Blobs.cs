namespace Cluster.Next.Storage.Postgres;

internal sealed partial class PostgresStore
{
    public Task PutBlobAsync(string key, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        const string Sql = """
            INSERT INTO log_blob (key, body) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET body = excluded.body
            """;
        return connections.WriteAsync(db => ExecuteAsync(db, Sql, ct, Text(key), Bytes(bytes)), ct);
    }

    public Task<ReadOnlyMemory<byte>?> ReadBlobAsync(string key, CancellationToken ct)
    {
        const string Sql = """
            SELECT body FROM log_blob WHERE key = $1
            """;
        return connections.ReadAsync(
            async db => (await RowsAsync(db, Sql, row => (ReadOnlyMemory<byte>?)row.GetFieldValue<byte[]>(0), ct, Text(key))).FirstOrDefault(), ct);
    }

    public Task RemoveBlobAsync(string key, CancellationToken ct)
    {
        const string Sql = """
            DELETE FROM log_blob WHERE key = $1
            """;
        return connections.WriteAsync(db => ExecuteAsync(db, Sql, ct, Text(key)), ct);
    }
}
