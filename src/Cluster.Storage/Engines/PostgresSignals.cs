using System.Data.Common;
using Npgsql;

namespace Cluster.Storage.Engines;

/// <summary>
/// Wake-ups between nodes. Each node listens on a channel of its own. What the commits of a node have changed is gathered and told by
/// one statement at a time, after the commits: commits that notify would take one lock of the whole server. The statement finds the
/// nodes itself: those with a stream of the session, and those where somebody looks on. A wake-up is a hint; while nothing is
/// heard, everybody polls, and once the channel is back, everything is taken as changed.
/// </summary>
internal sealed class PostgresSignals(NpgsqlDataSource source, NpgsqlDataSource listening, string nodeId, Wakeups wakeups) : IAsyncDisposable
{
    private const int MostTopics = 20; // of each kind in one message: PostgreSQL takes 8,000 bytes, a session's name has 127 at the most
    private const string Hello = "?";

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan HelloWithin = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _something = new(0, 1);
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HashSet<Wake> _woken = [];
    private HashSet<string> _shown = [];
    private Task _listening = Task.CompletedTask;
    private Task _telling = Task.CompletedTask;

    /// <summary>Starts listening, and proves that what is told is heard.</summary>
    public async Task StartAsync(string where, CancellationToken ct)
    {
        var connection = await ListenAsync(ct);
        _listening = Task.Run(() => ListenForEverAsync(connection), CancellationToken.None);
        await using (var hello = source.CreateCommand("SELECT pg_notify($1, $2)"))
        {
            hello.Parameters.Add(new() { Value = Channel(nodeId) });
            hello.Parameters.Add(new() { Value = Hello });
            await hello.ExecuteNonQueryAsync(ct);
        }

        try
        {
            await _heard.Task.WaitAsync(HelloWithin, ct);
        }
        catch (TimeoutException e)
        {
            throw new EngineUnusableException(
                $"{where} does not pass on NOTIFY. A pooler that shares connections between transactions (PgBouncer with pool_mode=transaction) cannot be used: name the server itself, or a pooler with pool_mode=session.", e);
        }

        _telling = Task.Run(TellForEverAsync, CancellationToken.None);
    }

    /// <summary>Has other nodes told, soon.</summary>
    public void Send(IReadOnlyCollection<Wake> woken, IReadOnlyCollection<string> shown)
    {
        lock (_lock)
        {
            _woken.UnionWith(woken);
            _shown.UnionWith(shown);
            if (_something.CurrentCount == 0)
            {
                _something.Release();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _telling;
        await _listening;
        await listening.DisposeAsync();
        _stopping.Dispose();
        _something.Dispose();
    }

    private static string Channel(string node) => $"cluster_{node}";

    private async Task<NpgsqlConnection> ListenAsync(CancellationToken ct)
    {
        var connection = await listening.OpenConnectionAsync(ct);
        try
        {
            connection.Notification += (_, notification) => Hear(notification.Payload);
            await using var listen = new NpgsqlCommand($"LISTEN \"{Channel(nodeId)}\"", connection);
            await listen.ExecuteNonQueryAsync(ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task ListenForEverAsync(NpgsqlConnection? connection)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (connection is null)
                {
                    connection = await ListenAsync(_stopping.Token);
                    wakeups.RaiseEverything(); // what was told meanwhile was not heard
                }

                while (true)
                {
                    await connection.WaitAsync(_stopping.Token);
                }
            }
            catch (Exception e) when (e is DbException or OperationCanceledException)
            {
                if (connection is not null)
                {
                    await connection.DisposeAsync();
                    connection = null;
                }

                await PauseAsync();
            }
        }
    }

    private void Hear(string payload)
    {
        if (payload == Hello)
        {
            _heard.TrySetResult();
            return;
        }

        foreach (var entry in payload.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry[0] == 'w')
            {
                wakeups.Raise(entry[1..]);
            }
            else
            {
                wakeups.RaiseForOnlookers(entry[1..]);
            }
        }
    }

    private async Task TellForEverAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _something.WaitAsync(_stopping.Token);
                var (woken, shown) = Take();
                var topics = woken.Select(wake => wake.Topic).ToHashSet();
                await TellAsync([.. woken.Where(wake => wake.Node is not null)], [.. topics], [.. shown.Where(topic => !topics.Contains(topic))]);
            }
            catch (Exception e) when (e is DbException or OperationCanceledException)
            {
                await PauseAsync(); // what was not told is found by polling
            }
        }
    }

    private (HashSet<Wake> Woken, HashSet<string> Shown) Take()
    {
        lock (_lock)
        {
            var taken = (_woken, _shown);
            (_woken, _shown) = ([], []);
            return taken;
        }
    }

    private async Task TellAsync(List<Wake> direct, List<string> woken, List<string> shown)
    {
        for (var at = 0; at < Math.Max(Math.Max(woken.Count, shown.Count), direct.Count); at += MostTopics)
        {
            await using var tell = source.CreateCommand(Told);
            tell.Parameters.Add(new() { Value = nodeId });
            tell.Parameters.Add(new() { Value = woken.Skip(at).Take(MostTopics).ToArray() });
            tell.Parameters.Add(new() { Value = shown.Skip(at).Take(MostTopics).ToArray() });
            tell.Parameters.Add(new() { Value = direct.Skip(at).Take(MostTopics).Select(wake => wake.Node!).ToArray() });
            tell.Parameters.Add(new() { Value = direct.Skip(at).Take(MostTopics).Select(wake => wake.Topic).ToArray() });
            await tell.ExecuteNonQueryAsync(_stopping.Token);
        }
    }

    private const string Told = """
        SELECT pg_notify('cluster_' || node, string_agg(entry, ' ')) FROM (
          SELECT m.node, 'w' || m.session_id AS entry FROM mcp_session m
            WHERE m.session_id = ANY($2) AND m.stream IS NOT NULL AND m.node <> $1
          UNION
          SELECT direct.node, 'w' || direct.topic FROM unnest($4, $5) AS direct (node, topic) WHERE direct.node <> $1
          UNION
          SELECT n.id, 'w' || topic FROM node n CROSS JOIN unnest($2) AS topic WHERE n.onlookers > 0 AND n.id <> $1
          UNION
          SELECT n.id, 's' || topic FROM node n CROSS JOIN unnest($3) AS topic WHERE n.onlookers > 0 AND n.id <> $1
        ) AS told GROUP BY node
        """;

    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(Again, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
