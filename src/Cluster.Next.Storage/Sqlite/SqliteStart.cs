using Cluster.Core.Secrets;
using Cluster.Next.Storage.Starting;
using Microsoft.Data.Sqlite;

namespace Cluster.Next.Storage.Sqlite;

/// <summary>What a start does to the file: see that it is whole, mark it as ours, bring its schema up to date.</summary>
internal static class SqliteStart
{
    private const long SmallEnough = 256 * 1024 * 1024; // bytes; a full check of more would delay the start

    /// <exception cref="StoreUnusableException">It is damaged, or from a newer release.</exception>
    /// <exception cref="SqliteException">See <see cref="Explain"/>.</exception>
    public static bool Prepare(SqliteConnection db, string file)
    {
        if (new FileInfo(file).Length <= SmallEnough && db.Rows("PRAGMA quick_check(1)", row => row.GetString(0)) is [var found] && found != "ok")
        {
            throw new StoreUnusableException(
                $"The database {file} is damaged ({found}). Restore the data folder from a backup, or move it away to start empty.");
        }

        // Brought out of the log at once, so that no copy of the file alone is without the mark.
        if (db.Rows("PRAGMA application_id", row => row.GetInt32(0)) is not [EngineFile.ApplicationId])
        {
            db.Execute($"PRAGMA application_id = {EngineFile.ApplicationId}");
            db.Rows("PRAGMA wal_checkpoint(TRUNCATE)", row => row.GetInt64(0));
        }

        return SqliteConnections.Transact(db, _ =>
        {
            db.Execute("CREATE TABLE IF NOT EXISTS log_meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)");
            var applied = db.Rows("SELECT name FROM log_meta", row => row.GetString(0)).FindAll(name => name.StartsWith(SchemaFiles.Prefix, StringComparison.Ordinal));
            foreach (var (name, sql) in SchemaFiles.Missing("sqlite", applied, file))
            {
                db.Execute(sql);
                db.Execute("INSERT INTO log_meta (name, value) VALUES (@name, datetime('now'))", ("@name", name));
            }

            return true;
        });
    }

    public static string Explain(SqliteException e, string file) => e.SqliteErrorCode switch
    {
        8 => $"The database {file} is read-only. Give the node's user write access to the file and its folder.",
        11 or 26 => $"The database {file} is damaged or not a database ({e.Message}). Restore the data folder from a backup, or move it away to start empty.",
        13 => $"The disk of {file} is full. Free some space and start again.",
        14 => $"The database {file} cannot be opened. Check that the folder exists and that the node's user may write it.",
        _ => $"The database {file} cannot be opened: {e.Message}",
    };
}
