using System.Net.Sockets;
using Npgsql;

namespace Cluster.Next.Storage.Postgres;

/// <summary>What a fault of the driver means. Codes: PostgreSQL, appendix A.</summary>
internal static class PostgresFaults
{
    /// <summary>The log's primary key, the fence.</summary>
    public const string LogKey = "log_position";

    /// <summary>The key of what may enter once.</summary>
    public const string OnceKey = "log_key_once";

    private const string IdleInTransaction = "25P03"; // the node was frozen, or too slow, inside a transaction

    // Not about what was sent, but about the server as it is now: connection, state of transaction, prepared statement, login,
    // rollback, resources, not in the right state, operator, system.
    private static readonly string[] NotNow = ["08", "25", "26", "28", "3D", "40", "53", "55", "57", "58"];

    /// <summary>The connection is gone, killed by the server or cut; or driver and server disagree on what they have prepared there.</summary>
    public static bool IsBroken(NpgsqlException e) => e switch
    {
        PostgresException
        {
            SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or IdleInTransaction or PostgresErrorCodes.InvalidSqlStatementName,
        } => true,
        PostgresException => false,
        _ => e.InnerException is IOException or SocketException or EndOfStreamException,
    };

    /// <summary>The server has said that nothing of it was kept, and it may do better now.</summary>
    public static bool IsUndone(NpgsqlException e) => e is PostgresException
    {
        SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.AdminShutdown
            or PostgresErrorCodes.InvalidSqlStatementName,
    };

    /// <summary>The server refuses what was sent, and will again.</summary>
    public static bool IsRefusal(PostgresException e) => !NotNow.Contains(e.SqlState[..2]);

    /// <summary>Somebody else was at this position, or is beyond it; see <see cref="PostgresAppends"/>.</summary>
    public static bool IsCollision(PostgresException e) =>
        e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: LogKey }
            or { SqlState: PostgresErrorCodes.NotNullViolation, TableName: "log", ColumnName: "position" };

    /// <summary>Names the fault, and never a value: what the server says of it may quote one.</summary>
    public static string Describe(NpgsqlException e) => e switch
    {
        PostgresException p when IsRefusal(p) =>
            $"the server refuses it: error {p.SqlState}{(p.TableName is { } table ? $" at {table}" : "")}{(p.ConstraintName is { } rule ? $", {rule}" : "")}.",
        PostgresException p => $"{p.MessageText} (error {p.SqlState}).",
        _ => (e.InnerException ?? e).Message,
    };
}
