namespace Cluster.Next.Storage.Sqlite;

internal sealed partial class SqliteStore
{
    public Task PutBlobAsync(string key, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        const string Sql = """
            INSERT INTO log_blob (key, body) VALUES (@key, @body) ON CONFLICT (key) DO UPDATE SET body = excluded.body
            """;
        return _connections.WriteAsync(db => db.Execute(Sql, ("@key", key), ("@body", bytes.Stored())), ct);
    }

    public Task<ReadOnlyMemory<byte>?> ReadBlobAsync(string key, CancellationToken ct)
    {
        const string Sql = """
            SELECT body FROM log_blob WHERE key = @key
            """;
        return _connections.ReadAsync(db => db.Rows(Sql, row => (ReadOnlyMemory<byte>?)row.Bytes(0), ("@key", key)).FirstOrDefault(), ct);
    }

    public Task RemoveBlobAsync(string key, CancellationToken ct)
    {
        const string Sql = """
            DELETE FROM log_blob WHERE key = @key
            """;
        return _connections.WriteAsync(db => db.Execute(Sql, ("@key", key)), ct);
    }
}
