using System.Data.Common;

namespace Cluster.Storage.Engines;

/// <summary>A connection and the commands prepared on it. Rows are always read to the end, so a command is free when its call returns.</summary>
/// <param name="connection">The driver's connection.</param>
/// <param name="fit">Makes a text one that the database can hold; null when it holds any.</param>
public sealed class EngineConnection(DbConnection connection, Func<string, string>? fit = null) : IAsyncDisposable
{
    private readonly Dictionary<string, DbCommand> _commands = [];

    public DbConnection Connection => connection;

    /// <summary>Set while a turn runs.</summary>
    public DbTransaction? Transaction { get; set; }

    public Task<int> ExecuteAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Command(sql, values).ExecuteNonQueryAsync();

    public async Task<long?> NumberAsync(string sql, params (string Name, object? Value)[] values) =>
        await Command(sql, values).ExecuteScalarAsync() is { } value and not DBNull ? Convert.ToInt64(value) : null;

    public async Task<List<T>> RowsAsync<T>(string sql, Func<DbDataReader, T> read, params (string Name, object? Value)[] values)
    {
        var rows = new List<T>();
        await using var reader = await Command(sql, values).ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public async Task<T?> RowAsync<T>(string sql, Func<DbDataReader, T> read, params (string Name, object? Value)[] values)
        where T : class
    {
        await using var reader = await Command(sql, values).ExecuteReaderAsync();
        return await reader.ReadAsync() ? read(reader) : null;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var command in _commands.Values)
        {
            await command.DisposeAsync();
        }

        await connection.DisposeAsync();
    }

    private DbCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var (name, _) in values)
            {
                var parameter = command.CreateParameter();
                parameter.ParameterName = name;
                command.Parameters.Add(parameter);
            }

            _commands.Add(sql, command);
        }

        command.Transaction = Transaction;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i].Value switch
            {
                null => DBNull.Value,
                string text when fit is not null => fit(text),
                var value => value,
            };
        }

        return command;
    }
}

internal static class ReaderExtensions
{
    extension(DbDataReader reader)
    {
        public string? TextOrNull(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

        public long? NumberOrNull(int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);

        public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));

        public DateTimeOffset? TimeOrNull(int column) => reader.IsDBNull(column) ? null : reader.Time(column);

        public byte[] Bytes(int column) => reader.GetFieldValue<byte[]>(column);
    }
}
