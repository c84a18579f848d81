using Cluster.Storage.Engines;
using Npgsql;

namespace Cluster.Chaos.History;

/// <summary>Who came to hold a lease, and when.</summary>
internal sealed record Holding(TimeSpan At, string Lease, string Holder, long Epoch);

/// <summary>
/// Looks at a scenario from inside its database: triggers note what must never be, and at the end it tells what stands there. It also
/// makes work for housekeeping, since a lease under which nothing is done proves nothing.
/// </summary>
internal sealed class Witness(NpgsqlDataSource database) : IAsyncDisposable
{
    private static readonly TimeSpan WorkEvery = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stop = new();
    private Task _working = Task.CompletedTask;

    /// <summary>To be called once the tables are there.</summary>
    public async Task InstallAsync(CancellationToken ct)
    {
        await using var sql = typeof(Witness).Assembly.GetManifestResourceStream("witness.sql")!;
        using var reader = new StreamReader(sql);
        await using var command = database.CreateCommand(await reader.ReadToEndAsync(ct));
        await command.ExecuteNonQueryAsync(ct);
        _working = MakeWorkAsync();
    }

    public async Task<IReadOnlyList<Sighting>> SightingsAsync(CancellationToken ct)
    {
        var sightings = new List<Sighting>();
        await foreach (var row in RowsAsync("SELECT kind, detail FROM chaos.sighting ORDER BY at", ct))
        {
            sightings.Add(new Sighting(row.GetString(0) == "two-holders" ? Violation.TwoHolders : Violation.OldEpoch, row.GetString(1)));
        }

        return sightings;
    }

    public async Task<IReadOnlyList<Holding>> HoldingsAsync(string lease, CancellationToken ct)
    {
        var holdings = new List<Holding>();
        await foreach (var row in RowsAsync("SELECT at, lease, holder, epoch FROM chaos.holding ORDER BY at", ct))
        {
            if (row.GetString(1) == lease)
            {
                holdings.Add(new Holding(RunClock.Of(row.GetInt64(0)), lease, row.GetString(2), row.GetInt64(3)));
            }
        }

        return holdings;
    }

    /// <summary>The name of the node that holds a lease now; null when none does.</summary>
    public async Task<string?> HolderAsync(string lease, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "SELECT n.name FROM lease l JOIN node n ON n.id = l.holder WHERE l.name = $1 AND l.expires_at > extract(epoch FROM clock_timestamp()) * 1000");
        command.Parameters.Add(new NpgsqlParameter { Value = lease });
        return (string?)await command.ExecuteScalarAsync(ct);
    }

    /// <summary>Rows that housekeeping was seen to work on.</summary>
    public async Task<long> HousekeptAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand("SELECT COUNT(*) FROM chaos.housekeeping");
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Deliveries to the load's sessions that have not come to an end.</summary>
    public async Task<long> UnfinishedAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "SELECT COUNT(*) FROM delivery WHERE state IN ('queued', 'sent') AND session_id <> 'chaos/work'");
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    public async Task<IReadOnlyList<Entry>> EntriesAsync(CancellationToken ct)
    {
        const string Entries = """
            SELECT e.id, e.body, d.session_id, d.state, (SELECT COUNT(*) FROM reply r WHERE r.session_id = d.session_id AND r.reply_to = e.id)
            FROM event e JOIN delivery d ON d.event_id = e.id
            WHERE d.session_id <> 'chaos/work'
            """;
        var entries = new List<Entry>();
        await foreach (var row in RowsAsync(Entries, ct))
        {
            entries.Add(new Entry(
                row.GetInt64(0),
                Numbers.In(Packed.UnpackText((byte[])row.GetValue(1))),
                row.GetString(2)[(row.GetString(2).IndexOf('/', StringComparison.Ordinal) + 1)..],
                row.GetString(3),
                (int)row.GetInt64(4)));
        }

        return entries;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _working;
        _stop.Dispose();
        await database.DisposeAsync();
    }

    private async Task MakeWorkAsync()
    {
        const string Work = """
            INSERT INTO dedupe (key, event_id, expires_at) SELECT 'chaos-work:' || gen_random_uuid(), 0, 1 FROM generate_series(1, 5);
            INSERT INTO mcp_session (id, token_id, session_id, generation, protocol_version, client, created_at, seen_at)
              VALUES ('chaos-work:' || gen_random_uuid(), '', 'chaos/work', 0, '', '', 1, 1);
            INSERT INTO delivery (session_id, event_id, chat_id, priority, state, attempts, queued_at, expires_at)
              SELECT 'chaos/work', 1 + COALESCE(MAX(event_id), 0), '', 1, 'queued', 0, 1, 1 FROM delivery WHERE session_id = 'chaos/work';
            """;
        try
        {
            using var timer = new PeriodicTimer(WorkEvery);
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    await using var command = database.CreateCommand(Work);
                    await command.ExecuteNonQueryAsync(_stop.Token);
                }
                catch (NpgsqlException)
                {
                    // the scenario has taken the engine away
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async IAsyncEnumerable<NpgsqlDataReader> RowsAsync(
        string sql, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            yield return reader;
        }
    }
}
