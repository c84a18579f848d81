using System.Globalization;
using Cluster.Next.Server.Nodes;
using Npgsql;

namespace Cluster.Next.Server.Silos.Postgres;

/// <summary>Compares this node's clock with the database's: membership goes by the time that nodes write there.</summary>
internal static class StoreClock
{
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(6);

    /// <exception cref="NodeUnusableException">They differ by more than six seconds.</exception>
    public static async Task CheckAsync(NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var skew = await MeasureAsync(database, clock, ct);
        if (skew.Duration() > Most)
        {
            throw new NodeUnusableException(string.Create(
                CultureInfo.InvariantCulture,
                $"This machine's clock is {skew.Duration().TotalSeconds:0.0} s {(skew > TimeSpan.Zero ? "ahead of" : "behind")} the database's. "
                + $"Nodes and database must agree within {Most.TotalSeconds:0} s; have both machines set their clocks (NTP), and start the node again."));
        }
    }

    // Of three, the quickest answer tells best.
    private static async Task<TimeSpan> MeasureAsync(NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var ask = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        var (skew, quickest) = (TimeSpan.Zero, TimeSpan.MaxValue);
        for (var i = 0; i < 3; i++)
        {
            var (asked, from) = (clock.GetUtcNow(), clock.GetTimestamp());
            var there = new DateTimeOffset((DateTime)(await ask.ExecuteScalarAsync(ct))!);
            var took = clock.GetElapsedTime(from);
            if (took < quickest)
            {
                (skew, quickest) = (asked + (took / 2) - there, took);
            }
        }

        return skew;
    }
}
