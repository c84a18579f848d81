using Cluster.Core.Logs;
using Cluster.Next.Storage.Starting;
using Npgsql;
using NpgsqlTypes;

namespace Cluster.Next.Storage.Postgres;

/// <summary>PostgreSQL under any number of nodes.</summary>
internal sealed partial class PostgresStore(PostgresConnections connections) : ILogStore, IIndexStore, IBlobStore, IAsyncDisposable
{
    public string Description => connections.Where;

    /// <exception cref="StoreUnusableException">The server is away, refuses us or is unsafe, its clock is another, or its schema is newer.</exception>
    public static async Task<PostgresStore> OpenAsync(StoreOptions options, TimeProvider clock, CancellationToken ct)
    {
        var connections = new PostgresConnections(options);
        try
        {
            await new PostgresStart(connections, options, clock).PrepareAsync(ct);
            return new PostgresStore(connections);
        }
        catch
        {
            await connections.DisposeAsync();
            throw;
        }
    }

    public Task<DateTimeOffset> TimeAsync(CancellationToken ct)
    {
        const string Sql = """
            SELECT clock_timestamp()
            """;
        return connections.ReadAsync(async db => (await RowsAsync(db, Sql, row => row.GetFieldValue<DateTimeOffset>(0), ct))[0], ct);
    }

    public ValueTask DisposeAsync() => connections.DisposeAsync();

    private static async Task<List<T>> RowsAsync<T>(
        NpgsqlConnection db, string sql, Func<NpgsqlDataReader, T> row, CancellationToken ct, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, db);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await ReadAllAsync(reader, row, ct);
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection db, string sql, CancellationToken ct, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, db);
        command.Parameters.AddRange(parameters);
        return await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<List<T>> ReadAllAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row, CancellationToken ct)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(ct))
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    private static NpgsqlParameter<string> Text(LogId log) => Text(log.ToString());

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter<long> Number(long value) => new() { TypedValue = value };

    private static NpgsqlParameter<ReadOnlyMemory<byte>> Bytes(ReadOnlyMemory<byte> value) => new() { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bytea };

    private static NpgsqlParameter<DateTimeOffset> Moment(DateTimeOffset value) => new() { TypedValue = value.ToUniversalTime() };
}
