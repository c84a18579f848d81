using Cluster.Core.Events;
using Cluster.Storage.Engines;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Cluster.Benchmarks.Append;

/// <summary>What the appender is measured against: the same rows in the same tables, 50 events to a transaction and to a statement, on
/// one connection with the engine's pragmas. Prepared once and bound by position, straight on SQLite: nothing checked, nothing packed.</summary>
internal sealed class RawInserts : IDisposable
{
    public const int Batch = 50;

    private const int KeysOfEach = 2;

    private readonly SqliteConnection _connection;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _events;
    private readonly sqlite3_stmt _deliveries;
    private readonly sqlite3_stmt _keys;
    private readonly sqlite3_stmt _commit;
    private readonly byte[] _body;
    private readonly byte[]? _payload;
    private long _id;

    public RawInserts(string file, Submission like)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        _connection.Open();
        using var pragmas = _connection.CreateCommand();
        pragmas.CommandText = SqliteEngine.Pragmas;
        pragmas.ExecuteNonQuery();

        _begin = Prepare("BEGIN IMMEDIATE");
        _events = Prepare(Many("INSERT INTO event (id, kind, name, sender, chat_id, trust, body, payload, created_at) VALUES ", 9, Batch));
        _deliveries = Prepare(Many(
            "INSERT INTO delivery (session_id, event_id, chat_id, priority, state, reason, attempts, queued_at, expires_at) VALUES ", 9, Batch));
        _keys = Prepare(Many("INSERT INTO dedupe (key, event_id, expires_at) VALUES ", 3, Batch * KeysOfEach));
        _commit = Prepare("COMMIT");
        _body = Packed.Pack(like.Body);
        _payload = like.Payload.IsEmpty ? null : Packed.Pack(like.Payload.Span);
    }

    /// <summary>Commits one batch.</summary>
    public void Insert(IReadOnlyList<Submission> submissions)
    {
        int e = 0, d = 0, k = 0;
        foreach (var submission in submissions)
        {
            var id = ++_id;
            var at = submission.At.ToUnixTimeMilliseconds();
            Bind(_events, ref e, id);
            Bind(_events, ref e, DeliveryRules.Word(submission.Kind));
            Bind(_events, ref e, submission.Name);
            Bind(_events, ref e, submission.Sender.Value);
            Bind(_events, ref e, submission.ChatId);
            Bind(_events, ref e, submission.Trust);
            Bind(_events, ref e, _body);
            Bind(_events, ref e, _payload);
            Bind(_events, ref e, at);
            Bind(_deliveries, ref d, submission.Session.ToString());
            Bind(_deliveries, ref d, id);
            Bind(_deliveries, ref d, submission.ChatId);
            Bind(_deliveries, ref d, DeliveryRules.Priority(submission.Kind, submission.Urgent));
            Bind(_deliveries, ref d, "queued");
            Bind(_deliveries, ref d, (byte[]?)null);
            Bind(_deliveries, ref d, 0);
            Bind(_deliveries, ref d, at);
            Bind(_deliveries, ref d, (submission.At + DeliveryRules.KeepWaiting).ToUnixTimeMilliseconds());
            foreach (var key in submission.DedupeKeys)
            {
                Bind(_keys, ref k, key);
                Bind(_keys, ref k, id);
                Bind(_keys, ref k, (submission.At + DedupeKeys.Kept).ToUnixTimeMilliseconds());
            }
        }

        Run(_begin);
        Run(_events);
        Run(_deliveries);
        Run(_keys);
        Run(_commit);
    }

    public void Dispose()
    {
        _begin.Dispose();
        _events.Dispose();
        _deliveries.Dispose();
        _keys.Dispose();
        _commit.Dispose();
        _connection.Dispose();
    }

    private static string Many(string insert, int columns, int rows) =>
        insert + string.Join(", ", Enumerable.Repeat($"({string.Join(", ", Enumerable.Repeat("?", columns))})", rows));

    private static void Bind(sqlite3_stmt statement, ref int at, long value) => raw.sqlite3_bind_int64(statement, ++at, value);

    private static void Bind(sqlite3_stmt statement, ref int at, string value) => raw.sqlite3_bind_text(statement, ++at, value);

    private static void Bind(sqlite3_stmt statement, ref int at, byte[]? value)
    {
        if (value is null)
        {
            raw.sqlite3_bind_null(statement, ++at);
        }
        else
        {
            raw.sqlite3_bind_blob(statement, ++at, value);
        }
    }

    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_connection.Handle, sql, out var statement), raw.SQLITE_OK);
        return statement;
    }

    private void Run(sqlite3_stmt statement)
    {
        Check(raw.sqlite3_step(statement), raw.SQLITE_DONE);
        raw.sqlite3_reset(statement);
    }

    private void Check(int result, int expected)
    {
        if (result != expected)
        {
            throw new InvalidOperationException($"SQLite answered {result}: {raw.sqlite3_errmsg(_connection.Handle).utf8_to_string()}");
        }
    }
}
