using System.Globalization;
using System.Net.Sockets;
using Cluster.Next.Storage.Starting;
using Npgsql;

namespace Cluster.Next.Storage.Postgres;

/// <summary>What a start does before a node may serve: reach the server, check it, bring the schema up to date. Nodes that start
/// together do the last one after another.</summary>
internal sealed class PostgresStart(PostgresConnections connections, StoreOptions options, TimeProvider clock)
{
    private const int LeastVersion = 130000; // PostgreSQL 13
    private const int MigrationSeconds = 300; // also for waiting while another node does it
    private const long MigrationLock = 0x636c_7573_6c6f_67; // any number that nobody else locks

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(500);

    /// <summary>How far a node's clock may be from the server's.</summary>
    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(6);

    private string Where => connections.Where;

    /// <exception cref="StoreUnusableException">The server is away, refuses us or is unsafe, its clock is another, or its schema is newer.</exception>
    public async Task PrepareAsync(CancellationToken ct)
    {
        await using var connection = await ReachAsync(ct);
        try
        {
            await CheckAsync(connection, ct);
            await CheckClockAsync(connection, ct);
            await MigrateAsync(connection, ct);
        }
        catch (PostgresException e)
        {
            throw new StoreUnusableException(
                $"{Where} cannot be brought up to date: {e.MessageText}. The node's user must own the database or its schema.", e);
        }
        catch (NpgsqlException e)
        {
            throw new StoreUnusableException($"{Where} was lost while the node started: {(e.InnerException ?? e).Message}", e);
        }
    }

    // A server that is starting, or a network that is not up yet, is waited for.
    private async Task<NpgsqlConnection> ReachAsync(CancellationToken ct)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await connections.OpenAsync(ct);
            }
            catch (NpgsqlException e) when (MayCome(e) && TimeProvider.System.GetElapsedTime(started) < options.Patience)
            {
                await Task.Delay(Again, ct);
            }
            catch (NpgsqlException e)
            {
                throw new StoreUnusableException(Explain(e), e);
            }
        }
    }

    private static bool MayCome(NpgsqlException e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections }
        || (e is not PostgresException && e.InnerException is SocketException or TimeoutException or IOException);

    private string Explain(NpgsqlException e) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } fault =>
            $"{Where} refuses the login: {fault.MessageText}. Check Username and Password in Cluster:Engine.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } fault =>
            $"{Where}: {fault.MessageText}. Create it with createdb, or correct Database in Cluster:Engine.",
        PostgresException fault => $"{Where} refuses the connection: {fault.MessageText}.",
        _ => $"{Where} cannot be reached: {(e.InnerException ?? e).Message} Check Host and Port in Cluster:Engine, and that the server runs.",
    };

    private async Task CheckAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var version = int.Parse(await SettingAsync(connection, "server_version_num", ct), CultureInfo.InvariantCulture);
        if (version < LeastVersion)
        {
            throw new StoreUnusableException(
                $"{Where} is version {await SettingAsync(connection, "server_version", ct)}; {LeastVersion / 10_000} is the oldest that is supported.");
        }

        foreach (var name in options.AllowUnsafeDurability ? [] : new[] { "fsync", "full_page_writes", "synchronous_commit" })
        {
            if (await SettingAsync(connection, name, ct) == "off")
            {
                throw new StoreUnusableException(
                    $"{Where} runs with {name}=off: it may forget in a crash what a sender was told is kept. Set {name} on, or accept the loss with Cluster:AllowUnsafeDurability=true.");
            }
        }
    }

    // Membership and deadlines compare the two.
    private async Task CheckClockAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        var before = clock.GetUtcNow();
        var said = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(ct))!);
        var after = clock.GetUtcNow();
        var off = said < before ? before - said : said > after ? said - after : TimeSpan.Zero;
        if (off > MostSkew)
        {
            throw new StoreUnusableException(
                $"The clock of {Where} says {said.UtcDateTime:u}, that of this machine {after.UtcDateTime:u}: {off.TotalSeconds:0} s apart, and {MostSkew.TotalSeconds:0} s is the most. Set both by a time server (NTP).");
        }
    }

    private async Task MigrateAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await RunAsync("SELECT pg_advisory_xact_lock($1)", MigrationLock);
        await RunAsync("""CREATE TABLE IF NOT EXISTS log_meta (name text COLLATE "C" PRIMARY KEY, value text NOT NULL)""");

        var applied = new List<string>();
        await using (var command = new NpgsqlCommand("SELECT name FROM log_meta WHERE starts_with(name, $1)", connection) { Parameters = { new() { Value = SchemaFiles.Prefix } } })
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
            {
                applied.Add(reader.GetString(0));
            }
        }

        foreach (var (name, sql) in SchemaFiles.Missing("postgres", applied, Where))
        {
            await RunAsync(sql);
            await RunAsync("INSERT INTO log_meta (name, value) VALUES ($1, now()::text)", name);
        }

        await transaction.CommitAsync(ct);

        async Task RunAsync(string sql, object? value = null)
        {
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = MigrationSeconds };
            if (value is not null)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }

            await command.ExecuteNonQueryAsync(ct);
        }
    }

    private static async Task<string> SettingAsync(NpgsqlConnection connection, string name, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("SELECT current_setting($1)", connection) { Parameters = { new() { Value = name } } };
        return (string)(await command.ExecuteScalarAsync(ct))!;
    }
}
