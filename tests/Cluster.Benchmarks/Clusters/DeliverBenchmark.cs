using System.Diagnostics;

namespace Cluster.Benchmarks.Clusters;

/// <summary>One node over PostgreSQL: accept, append, deliver, confirm, with 200 attachments and messages of 400 bytes; then the same with
/// 100,000 sessions more that nobody is attached to, and with 100,000 events that wait for one of them.</summary>
internal static class DeliverBenchmark
{
    private const int Attachments = 200;
    private const int Senders = 64;
    private const int MostAhead = 4_000; // accepted and not yet received
    private const int KnownSessions = 100_000;
    private const int WaitingEvents = 100_000;
    private const double Promised = 3_000; // events a second
    private const double PromisedShare = 0.8;

    public static async Task RunAsync(Settings settings, Report report)
    {
        Report.Title($"deliver: one node, PostgreSQL, {Attachments} attachments, messages of 400 bytes; accepted to confirmed, events/s");
        await using var small = await StartAsync();
        await using var large = await StartAsync();
        await FillAsync(large);
        await MeasureAsync(small, 1);
        await MeasureAsync(large, 1);
        List<double> alone = [], crowded = [];
        for (var pair = 0; pair < settings.Pairs; pair++)
        {
            alone.Add(await MeasureAsync(small, settings.Seconds));
            crowded.Add(await MeasureAsync(large, settings.Seconds));
            Report.Line($"pair {pair + 1}: {alone[^1],7:N0} events/s   with {KnownSessions:N0} sessions and {WaitingEvents:N0} waiting events more: {crowded[^1],7:N0}");
        }

        var rate = Report.Percentile(alone, 0.5);
        var (share, text) = Report.Ratio(crowded, alone);
        report.Promise("deliver", $"{rate:N0} events/s", $"at least {Promised:N0}", rate >= Promised);
        report.Promise("deliver with many known sessions", text, $"at least {PromisedShare:P0}", share >= PromisedShare);
        Report.Line($"dead rows in delivery after {await small.NumberAsync("SELECT COUNT(*) FROM delivery"):N0} deliveries: "
            + $"{await small.NumberAsync("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'delivery'"):N0}");
    }

    public static async Task<BenchCluster> StartAsync(House house = House.Old)
    {
        var cluster = await BenchCluster.StartAsync(house, 1);
        await cluster.AttachAsync(Attachments, 0);
        await cluster.ReadAsync(0);
        return cluster;
    }

    private static async Task FillAsync(BenchCluster cluster)
    {
        await cluster.NumberAsync($"""
            WITH sessions AS (
              INSERT INTO session SELECT 'admin/known' || i, 'admin', 0, 0, 0, NULL FROM generate_series(1, {KnownSessions}) i RETURNING id
            ), accesses AS (INSERT INTO access SELECT id, 1 FROM sessions)
            SELECT COUNT(*) FROM sessions
            """);
        await cluster.NumberAsync($"""
            WITH events AS (
              INSERT INTO event SELECT nextval('ids'), 'chat', '', 'console:admin', 'console:admin', 'owner', '\x0061', NULL, 0
              FROM generate_series(1, {WaitingEvents}) RETURNING id
            ), deliveries AS (
              INSERT INTO delivery (session_id, event_id, chat_id, priority, state, attempts, queued_at, expires_at)
              SELECT 'admin/known1', id, 'console:admin', 1, 'queued', 0, 0, 9000000000000 FROM events)
            SELECT COUNT(*) FROM events
            """);
        await cluster.NumberAsync("ANALYZE; SELECT 1");
    }

    /// <summary>Events a second from the first POST to the last confirmation.</summary>
    public static async Task<double> MeasureAsync(BenchCluster cluster, double seconds)
    {
        var text = new string('x', 320);
        var before = await ConfirmedAsync(cluster);
        var (accepted, next) = (0L, 0L);
        var receivedBefore = cluster.Sessions.Sum(session => session.Received);
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(async () =>
        {
            using var connection = await RawConnection.OpenAsync(cluster.Ports[0]);
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
            {
                if (Interlocked.Read(ref accepted) - (cluster.Sessions.Sum(session => session.Received) - receivedBefore) > MostAhead)
                {
                    await Task.Delay(1);
                    continue;
                }

                var i = Interlocked.Increment(ref next);
                var session = cluster.Sessions[(int)(i % cluster.Sessions.Count)].Name;
                await connection.ExchangeAsync(RawConnection.Post(
                    $"/api/sessions/admin/{session}/messages", cluster.Token, $$"""{"text":"{{text}} {{i}}","clientId":"{{Guid.NewGuid()}}"}"""));
                Interlocked.Increment(ref accepted);
            }
        })));

        // What was accepted must arrive; the time until then counts.
        while (cluster.Progress.Received - receivedBefore < accepted || !cluster.Progress.Confirmed)
        {
            if (Stopwatch.GetElapsedTime(start).TotalSeconds > seconds + 60)
            {
                throw new InvalidOperationException($"Only {cluster.Progress.Received - receivedBefore} of {accepted} events were received.");
            }

            await Task.Delay(2);
        }

        var rate = accepted / Stopwatch.GetElapsedTime(start).TotalSeconds;
        return await ConfirmedAsync(cluster) - before == accepted
            ? rate
            : throw new InvalidOperationException($"{accepted} events were accepted, and the engine says that {await ConfirmedAsync(cluster) - before} were confirmed.");
    }

    // The new house keeps no state beside its log; that all pings were answered is known here.
    private static Task<long> ConfirmedAsync(BenchCluster cluster) => cluster.NumberAsync(
        cluster.House == House.Old
            ? "SELECT COUNT(*) FROM delivery WHERE state = 'received'"
            : "SELECT COUNT(*) FROM log WHERE kind = 'event-accepted'");
}
