using Cluster.Chaos.History;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;
using Npgsql;
using HistoryEntry = Cluster.Chaos.History.Entry;

namespace Cluster.Next.Chaos.History;

/// <summary>A record as it stands in the table of logs.</summary>
internal sealed record LogRow(string Grain, LogRecord Record);

/// <summary>The table of logs, read from outside the nodes: what it says is what is so.</summary>
internal sealed class LogTable(NpgsqlDataSource database)
{
    /// <summary>Every record, by its grain and position.</summary>
    public async Task<IReadOnlyList<LogRow>> ReadAsync(CancellationToken ct)
    {
        var rows = new List<LogRow>();
        await using var command = database.CreateCommand("SELECT grain, position, claim, kind, version, body, at FROM log ORDER BY grain, position");
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var record = new LogRecord
            {
                Position = reader.GetInt64(1),
                Claim = reader.GetInt64(2),
                Kind = reader.GetString(3),
                Version = reader.GetInt32(4),
                Body = (byte[])reader.GetValue(5),
                At = reader.GetFieldValue<DateTimeOffset>(6),
            };
            rows.Add(new LogRow(reader.GetString(0), record));
        }

        return rows;
    }

    /// <summary>Which node holds each session, by the latest claim of its log.</summary>
    public async Task<IReadOnlyDictionary<string, string>> HoldersAsync(CancellationToken ct)
    {
        const string Latest = """
            SELECT DISTINCT ON (grain) grain, convert_from(body, 'UTF8')::json ->> 'node' FROM log
            WHERE kind = 'claim' AND grain LIKE 'session/%' ORDER BY grain, position DESC
            """;
        var holders = new Dictionary<string, string>();
        await using var command = database.CreateCommand(Latest);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            holders[NameOf(reader.GetString(0))] = reader.GetString(1);
        }

        return holders;
    }

    /// <summary>The events of all sessions, with what became of them.</summary>
    public static IReadOnlyList<HistoryEntry> Entries(IEnumerable<LogRow> rows)
    {
        var entries = new List<HistoryEntry>();
        foreach (var session in rows.Where(row => row.Grain.StartsWith("session/", StringComparison.Ordinal)).GroupBy(row => row.Grain))
        {
            var conversations = new Conversations(SessionId.Parse(LogId.Parse(session.Key).Key));
            var replies = new List<long>();
            foreach (var row in session)
            {
                conversations.Add(row.Record);
                if (SessionRecords.Kinds.Decode(row.Record) is Replied { ReplyTo: { } to })
                {
                    replies.Add(to);
                }
            }

            var name = NameOf(session.Key);
            entries.AddRange(conversations.Last(int.MaxValue, null).Where(line => line.Direction == "in").Select(line =>
            {
                var id = long.Parse(line.Id);
                return new HistoryEntry(id, Numbers.In(line.Text), name, line.State!, replies.Count(to => to == id));
            }));
        }

        return entries;
    }

    /// <summary>A session's name without its owner.</summary>
    public static string NameOf(string grain) => grain[(grain.LastIndexOf('/') + 1)..];
}
