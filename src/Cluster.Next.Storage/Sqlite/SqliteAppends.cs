using Cluster.Core.Logs;
using Microsoft.Data.Sqlite;

namespace Cluster.Next.Storage.Sqlite;

/// <summary>Writes appends one after another inside one transaction; what one has written is undone when the store refuses it. The commands
/// are kept with their plans. For the writer's thread only.</summary>
internal sealed class SqliteAppends(SqliteConnection db) : IDisposable
{
    private const int Constraint = 19; // SQLITE_CONSTRAINT
    private const int TooBig = 18; // SQLITE_TOOBIG
    private const int TakenKey = 1555; // SQLITE_CONSTRAINT_PRIMARYKEY

    private readonly SqliteCommand _mark = db.Command("SAVEPOINT append");
    private readonly SqliteCommand _undo = db.Command("ROLLBACK TO append");
    private readonly SqliteCommand _release = db.Command("RELEASE append");

    private readonly SqliteCommand _last = Command(db, "SELECT COALESCE(max(position), 0) FROM log WHERE grain = @grain", "@grain");

    private readonly SqliteCommand _record = Command(
        db,
        "INSERT INTO log (grain, position, claim, kind, version, body, at) VALUES (@grain, @position, @claim, @kind, @version, @body, @at)",
        "@grain", "@position", "@claim", "@kind", "@version", "@body", "@at");

    private readonly SqliteCommand _key = Command(
        db,
        "INSERT INTO log_key (grain, scope, key, position, at) VALUES (@grain, @scope, @key, @position, @at)",
        "@grain", "@scope", "@key", "@position", "@at");

    private readonly SqliteCommand _remove = Command(
        db, "DELETE FROM log_index WHERE name = @name AND key = @key AND grain = @grain", "@name", "@key", "@grain");

    private readonly SqliteCommand _put = Command(
        db,
        """
        INSERT INTO log_index (name, key, grain, value) VALUES (@name, @key, @grain, @value)
        ON CONFLICT (name, key, grain) DO UPDATE SET value = excluded.value
        """,
        "@name", "@key", "@grain", "@value");

    private readonly SqliteCommand _clear = Command(db, "DELETE FROM log_due WHERE grain = @grain", "@grain");

    private readonly SqliteCommand _due = Command(
        db,
        "INSERT INTO log_due (grain, at) VALUES (@grain, @at) ON CONFLICT (grain) DO UPDATE SET at = excluded.at, failures = 0",
        "@grain", "@at");

    private readonly SqliteCommand _audit = Command(
        db,
        "INSERT INTO log_audit (grain, number, position, body, chain) VALUES (@grain, @number, @position, @body, @chain)",
        "@grain", "@number", "@position", "@body", "@chain");

    /// <exception cref="SqliteException">The file itself is in trouble: the whole transaction is lost.</exception>
    public LogOutcome Append(LogAppend append, DateTimeOffset at)
    {
        _mark.ExecuteNonQuery();
        var outcome = Try(append, at);
        if (outcome is not LogOutcome.Appended)
        {
            _undo.ExecuteNonQuery();
        }

        _release.ExecuteNonQuery();
        return outcome;
    }

    public void Dispose()
    {
        foreach (var command in new[] { _mark, _undo, _release, _last, _record, _key, _remove, _put, _clear, _due, _audit })
        {
            command.Dispose();
        }
    }

    private LogOutcome Try(LogAppend append, DateTimeOffset at)
    {
        var (grain, now) = (append.Log.ToString(), at.Stored());
        LogOutcome? taken = new LogOutcome.Collided(); // what it means when the next row is there already; null for a refusal
        try
        {
            // A grain must stand where its log ends; PostgresAppends says why.
            if ((long)Bound(_last, grain).ExecuteScalar()! != append.Expected)
            {
                return taken;
            }

            foreach (var (record, i) in append.Records.Select((record, i) => (record, i)))
            {
                Run(_record, grain, append.Expected + 1 + i, append.Claim, record.Kind, record.Version, record.Body.Stored(), now);
            }

            foreach (var key in append.Beside.Keys)
            {
                taken = new LogOutcome.Known(key.Scope, key.Key);
                Run(_key, grain, key.Scope, key.Key, key.Position, now);
            }

            taken = null;
            WriteBeside(append.Beside, grain);
            return new LogOutcome.Appended(at);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is Constraint or TooBig)
        {
            // SQLite's message names table and column, no value.
            return (e.SqliteExtendedErrorCode == TakenKey ? taken : null) ?? new LogOutcome.Refused($"Log {append.Log}: {e.Message}");
        }
    }

    private void WriteBeside(RowsBeside beside, string grain)
    {
        foreach (var gone in beside.Removes)
        {
            Run(_remove, gone.Index, gone.Key, gone.Grain.ToString());
        }

        foreach (var put in beside.Puts)
        {
            Run(_put, put.Entry.Index, put.Entry.Key, put.Entry.Grain.ToString(), put.Value);
        }

        if (beside.Due is { At: { } due })
        {
            Run(_due, grain, due.Stored());
        }
        else if (beside.Due is not null)
        {
            Run(_clear, grain);
        }

        foreach (var audit in beside.Audits)
        {
            Run(_audit, grain, audit.Number, audit.Position, audit.Body.Stored(), audit.Chain.Stored());
        }
    }

    private static void Run(SqliteCommand command, params ReadOnlySpan<object> values) => Bound(command, values).ExecuteNonQuery();

    private static SqliteCommand Bound(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }

        return command;
    }

    private static SqliteCommand Command(SqliteConnection db, string sql, params ReadOnlySpan<string> parameters)
    {
        var command = db.Command(sql);
        foreach (var name in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        return command;
    }
}
