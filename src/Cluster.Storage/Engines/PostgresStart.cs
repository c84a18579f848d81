using System.Globalization;
using System.Net.Sockets;
using Npgsql;

namespace Cluster.Storage.Engines;

/// <summary>What a start does before a node may serve: reach the server, check it, bring the schema up to date. Nodes that start
/// together do it one after another.</summary>
internal static class PostgresStart
{
    private const int LeastVersion = 130000; // PostgreSQL 13
    private const long MigrationLock = 0x636c_7573_7465_72; // any number that nobody else locks

    private const int MostTries = 60;

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(500);

    public static async Task PrepareAsync(NpgsqlDataSource source, PostgresSettings settings, string where, CancellationToken ct)
    {
        await using var connection = await ReachAsync(source, settings, where, ct);
        var db = new EngineConnection(connection);
        await CheckAsync(db, settings, where);
        await db.NumberAsync("SELECT 1 FROM pg_advisory_lock(@lock)", ("@lock", MigrationLock));
        try
        {
            await Migrations.ApplyAsync(db, "postgres", work => TransactAsync(connection, db, work), TimeProvider.System, where);
        }
        catch (PostgresException e)
        {
            throw new EngineUnusableException(
                $"The schema of {where} cannot be brought up to date: {e.MessageText}. The node's user must own the database or its schema.", e);
        }
        finally
        {
            await db.NumberAsync("SELECT 1 FROM pg_advisory_unlock(@lock)", ("@lock", MigrationLock));
        }

        await connection.ReloadTypesAsync(ct);
    }

    // A server that is starting, or a network that is not up yet, is waited for.
    private static async Task<NpgsqlConnection> ReachAsync(NpgsqlDataSource source, PostgresSettings settings, string where, CancellationToken ct)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await source.OpenConnectionAsync(ct);
            }
            catch (NpgsqlException e) when (MayCome(e) && TimeProvider.System.GetElapsedTime(started) < settings.Patience)
            {
                await Task.Delay(Again, ct);
            }
            catch (NpgsqlException e)
            {
                throw new EngineUnusableException(Explain(e, where), e);
            }
        }
    }

    private static bool MayCome(NpgsqlException e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections }
        || (e is not PostgresException && e.InnerException is SocketException or TimeoutException or IOException);

    private static string Explain(NpgsqlException e, string where) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } fault =>
            $"{where} refuses the login: {fault.MessageText}. Check Username and Password in Cluster:Engine.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } fault =>
            $"{where}: {fault.MessageText}. Create it with createdb, or correct Database in Cluster:Engine.",
        PostgresException fault => $"{where} refuses the connection: {fault.MessageText}.",
        _ => $"{where} cannot be reached: {(e.InnerException ?? e).Message} Check Host and Port in Cluster:Engine, and that the server runs.",
    };

    private static async Task CheckAsync(EngineConnection db, PostgresSettings settings, string where)
    {
        var version = int.Parse(await SettingAsync(db, "server_version_num"), CultureInfo.InvariantCulture);
        if (version < LeastVersion)
        {
            throw new EngineUnusableException(
                $"{where} is version {await SettingAsync(db, "server_version")}; {LeastVersion / 10_000} is the oldest that is supported.");
        }

        if (settings.AllowUnsafeDurability)
        {
            return;
        }

        foreach (var name in new[] { "fsync", "full_page_writes", "synchronous_commit" })
        {
            if (await SettingAsync(db, name) == "off")
            {
                throw new EngineUnusableException(
                    $"{where} runs with {name}=off: it may forget in a crash what a sender was told is kept. Set {name} on, or accept the loss with Cluster:AllowUnsafeDurability=true.");
            }
        }
    }

    private static async Task<string> SettingAsync(EngineConnection db, string name) =>
        (await db.RowAsync("SELECT current_setting(@name)", r => r.GetString(0), ("@name", name)))!;

    // Other nodes work on meanwhile: a change of a table neither holds them up for long behind itself, nor does it win against them.
    private static async Task<int> TransactAsync(NpgsqlConnection connection, EngineConnection db, Func<Task<int>> work)
    {
        for (var again = 1; ; again++)
        {
            try
            {
                return await TransactOnceAsync(connection, db, work);
            }
            catch (PostgresException e) when (
                again < MostTries && e.SqlState is (PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected))
            {
                await Task.Delay(Again);
            }
        }
    }

    private static async Task<int> TransactOnceAsync(NpgsqlConnection connection, EngineConnection db, Func<Task<int>> work)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        db.Transaction = transaction;
        try
        {
            await db.ExecuteAsync("SET LOCAL lock_timeout = '2s'");
            var result = await work();
            await transaction.CommitAsync();
            return result;
        }
        finally
        {
            db.Transaction = null;
        }
    }
}
