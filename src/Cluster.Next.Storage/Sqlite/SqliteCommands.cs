using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Cluster.Next.Storage.Sqlite;

/// <summary>How values stand in SQLite, and commands in short.</summary>
internal static class SqliteCommands
{
    /// <summary>Microseconds since 1970, as exact as PostgreSQL's.</summary>
    public static long Stored(this DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset Time(this SqliteDataReader row, int column) =>
        DateTimeOffset.UnixEpoch.AddTicks(row.GetInt64(column) * TimeSpan.TicksPerMicrosecond);

    public static byte[] Bytes(this SqliteDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    public static byte[] Stored(this ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var whole) && whole.Offset == 0 && whole.Count == whole.Array!.Length ? whole.Array : bytes.ToArray();

    public static SqliteCommand Command(this SqliteConnection db, string sql, params (string Name, object Value)[] parameters)
    {
        var command = db.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    public static int Execute(this SqliteConnection db, string sql, params (string Name, object Value)[] parameters)
    {
        using var command = db.Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    public static List<T> Rows<T>(this SqliteConnection db, string sql, Func<SqliteDataReader, T> row, params (string Name, object Value)[] parameters)
    {
        using var command = db.Command(sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}
