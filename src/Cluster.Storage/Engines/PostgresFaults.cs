using Npgsql;

namespace Cluster.Storage.Engines;

/// <summary>What a fault of the driver means for the statement that met it. Codes: PostgreSQL, appendix A.</summary>
internal static class PostgresFaults
{
    // idle_in_transaction_session_timeout: the node was frozen, or too slow, inside a turn.
    private const string IdleInTransaction = "25P03";

    /// <summary>The connection is gone: killed by the server, or cut.</summary>
    public static bool IsBroken(NpgsqlException e) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or IdleInTransaction } => true,
        PostgresException => false,
        _ => e.InnerException is IOException or System.Net.Sockets.SocketException or EndOfStreamException,
    };

    /// <summary>What changes nothing when it is done twice may be done again.</summary>
    public static bool MayRepeat(NpgsqlException e) => WasNotCommitted(e, committing: false);

    /// <summary>The transaction has certainly left nothing behind, and may succeed when it is run again.</summary>
    /// <param name="e">The fault.</param>
    /// <param name="committing">Whether COMMIT was on its way: then a cut connection leaves it unknown.</param>
    public static bool WasNotCommitted(NpgsqlException e, bool committing) =>
        e is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure }
        || (!committing && IsBroken(e));
}
