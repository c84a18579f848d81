using System.Text;
using Cluster.Core.Logs;
using Npgsql;

namespace Cluster.Next.Storage.Postgres;

internal sealed partial class PostgresStore
{
    public async Task<IReadOnlyList<LogOutcome>> AppendAsync(IReadOnlyList<LogAppend> appends, CancellationToken ct)
    {
        if (appends.DistinctBy(append => append.Log).Count() < appends.Count)
        {
            throw new ArgumentException("Two appends of one log cannot go in one trip.", nameof(appends));
        }

        // All nodes write in the order of the logs, so none waits for one that waits for it.
        var order = Enumerable.Range(0, appends.Count).OrderBy(i => appends[i].Log.ToString(), StringComparer.Ordinal).ToArray();
        var sorted = order.Select(i => appends[i]).ToArray();
        var outcomes = new LogOutcome[appends.Count];
        foreach (var (range, outcome) in await SettleAsync(sorted, ct))
        {
            foreach (var i in order[range])
            {
                outcomes[i] = outcome;
            }
        }

        return outcomes;
    }

    // What the server refuses is halved until it is known which one it is about. When the server is lost, nothing more is tried.
    private async Task<List<(Range, LogOutcome)>> SettleAsync(LogAppend[] sorted, CancellationToken ct)
    {
        var settled = new List<(Range, LogOutcome)>();
        var left = new Stack<(int Begin, int End)>();
        LogOutcome.Unknown? lost = null;
        left.Push((0, sorted.Length));
        while (left.TryPop(out var part))
        {
            var (begin, end) = part;
            if (begin == end)
            {
                continue;
            }

            var outcome = lost ?? await TryAsync(sorted.AsMemory(begin..end), ct);
            lost ??= outcome as LogOutcome.Unknown;
            if (outcome is null)
            {
                var half = (begin + end) / 2;
                left.Push((half, end));
                left.Push((begin, half));
            }
            else
            {
                settled.Add((begin..end, outcome));
            }
        }

        return settled;
    }

    /// <returns>The outcome of all of them; null when it is about one of several.</returns>
    private async Task<LogOutcome?> TryAsync(ReadOnlyMemory<LogAppend> appends, CancellationToken ct)
    {
        for (var again = true; ; again = false)
        {
            try
            {
                return new LogOutcome.Appended(await WriteAsync(appends, ct));
            }
            catch (NpgsqlException e) when (again && PostgresFaults.IsUndone(e))
            {
                // Were it kept after all, the second try collides, and nothing is written twice.
                connections.ClearIfBroken(e);
            }
            catch (PostgresException e) when (PostgresFaults.IsRefusal(e))
            {
                return appends.Length > 1 ? null : await ExplainAsync(appends.Span[0], e, ct);
            }
            catch (EncoderFallbackException)
            {
                // The driver cannot write such text. It has sent nothing, but believes that it has prepared the commands.
                connections.Clear();
                return appends.Length > 1 ? null : new LogOutcome.Refused($"Log {appends.Span[0].Log}: a text of it has half of a surrogate pair.");
            }
            catch (NpgsqlException e)
            {
                connections.ClearIfBroken(e);
                return new LogOutcome.Unknown($"{connections.Where}: {PostgresFaults.Describe(e)}");
            }
        }
    }

    private async Task<DateTimeOffset> WriteAsync(ReadOnlyMemory<LogAppend> appends, CancellationToken ct)
    {
        await using var connection = await connections.OpenAsync(ct);
        await using var batch = connection.CreateBatch();
        PostgresAppends.Fill(batch, appends.Span);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var at = reader.GetFieldValue<DateTimeOffset>(0);

        // Only what comes after all results says that it is committed.
        while (await reader.NextResultAsync(ct))
        {
        }

        return at;
    }

    private async Task<LogOutcome> ExplainAsync(LogAppend append, PostgresException e, CancellationToken ct)
    {
        if (PostgresFaults.IsCollision(e))
        {
            return new LogOutcome.Collided();
        }

        if (e is not { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: PostgresFaults.OnceKey })
        {
            return new LogOutcome.Refused($"Log {append.Log}: {PostgresFaults.Describe(e)}");
        }

        try
        {
            var keys = append.Beside.Keys.Select(key => (key.Scope, key.Key)).ToList();
            var known = await FindKnownAsync(append.Log, keys, ct);
            return known.Count > 0 ? new LogOutcome.Known(known[0].Scope, known[0].Key)
                : keys.GroupBy(key => key).FirstOrDefault(same => same.Count() > 1) is { } twice ? new LogOutcome.Known(twice.Key.Scope, twice.Key.Key)
                : new LogOutcome.Unknown($"Log {append.Log}: a key of it was forgotten in this moment.");
        }
        catch (StoreAwayException away)
        {
            return new LogOutcome.Unknown(away.Message);
        }
    }
}
