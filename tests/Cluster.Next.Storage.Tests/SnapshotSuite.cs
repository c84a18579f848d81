using Cluster.Core.Logs;

namespace Cluster.Next.Storage.Tests;

/// <summary>What a grain begins with, and what is cut behind it, on every store.</summary>
public abstract class SnapshotSuite(TestStore place) : LogSuite(place)
{
    [Fact]
    public async Task An_opening_holds_all_that_a_grain_needs()
    {
        var due = (await Logs.TimeAsync(Ct)).AddHours(1);
        AuditRow[] audits = [.. Enumerable.Range(1, 3).Select(i => new AuditRow(i, 1, new byte[] { (byte)i }, new byte[] { 9, (byte)i }))];
        await AppendedAsync(Begin(Api, Record("one")) with { Beside = new RowsBeside { Audits = audits, Due = new DueChange(due) } });

        var opening = await Logs.OpenAsync(Api, Ct);

        Assert.Empty(opening.Snapshots);
        Assert.Equal(["{}", "one"], opening.Records.Select(Text));
        Assert.Equal((3, 1), (opening.LastAudit!.Number, opening.LastAudit.Position));
        Assert.Equal([3], opening.LastAudit.Body.ToArray());
        Assert.Equal([9, 3], opening.LastAudit.Chain.ToArray());
        Assert.Equal(due, opening.Due!.Value, TimeSpan.FromMicroseconds(1));
        Assert.Equivalent(new LogOpening { Snapshots = [], Records = [] }, await Logs.OpenAsync(Bob, Ct));
    }

    [Fact]
    public async Task The_last_two_snapshots_are_kept_and_what_stands_behind_the_older()
    {
        await AppendedAsync(Begin(Api, Records(9)));
        foreach (var position in new[] { 2, 5, 8 })
        {
            await SaveAsync(position, $"state at {position}");
        }

        var opening = await Logs.OpenAsync(Api, Ct);

        Assert.Equal([8, 5], opening.Snapshots.Select(snapshot => snapshot.Position));
        Assert.Equal("state at 8", System.Text.Encoding.UTF8.GetString(opening.Snapshots[0].Body.Span));
        Assert.Equal(3, opening.Snapshots[0].Form);
        Assert.Equal(Range(6, 10), opening.Records.Select(record => record.Position));
    }

    [Fact]
    public async Task An_older_snapshot_that_comes_late_puts_none_in_its_place()
    {
        await AppendedAsync(Begin(Api, Records(9)));
        foreach (var position in new[] { 5, 8, 2 })
        {
            await SaveAsync(position);
        }

        Assert.Equal([8, 5], (await Logs.OpenAsync(Api, Ct)).Snapshots.Select(snapshot => snapshot.Position));
    }

    [Fact]
    public async Task A_snapshot_of_another_history_takes_nobodys_place()
    {
        await AppendedAsync(Begin(Api, Records(9)));
        await SaveAsync(3);
        await SaveAsync(5);

        foreach (var position in new[] { 8, 9, 12 })
        {
            var stale = (await RecordAsync(Api, 8)) with { Position = position, Body = "another event"u8.ToArray() };
            await Logs.SaveSnapshotAsync(Api, new LogSnapshot(position, stale.Hash(), 3, "{}"u8.ToArray()), Ct);
        }

        var opening = await Logs.OpenAsync(Api, Ct);
        Assert.Equal([5, 3], opening.Snapshots.Select(snapshot => snapshot.Position));
        Assert.Equal(Range(4, 10), opening.Records.Select(record => record.Position));
    }

    // As after a restore of a part of the data.
    [Theory]
    [InlineData("position = 8", new[] { 5L }, 6)]
    [InlineData("position = 5", new[] { 8L }, 9)]
    [InlineData("position > 0", new long[0], 1)]
    public async Task A_snapshot_that_became_false_is_ignored(string which, long[] kept, int from)
    {
        await AppendedAsync(Begin(Api, Records(9)));
        await SaveAsync(5);
        await SaveAsync(8);
        await Place.ExecuteAsync($"UPDATE log_snapshot SET hash = 'another' WHERE {which}");

        var opening = await Logs.OpenAsync(Api, Ct);

        Assert.Equal(kept, opening.Snapshots.Select(snapshot => snapshot.Position));
        Assert.Equal(Range(from, 10), opening.Records.Select(record => record.Position));
    }

    [Fact]
    public async Task A_snapshot_beyond_the_end_of_its_log_is_ignored()
    {
        await AppendedAsync(Begin(Api, Records(9)));
        await SaveAsync(5);
        await SaveAsync(10);
        await Place.ExecuteAsync("DELETE FROM log WHERE position > 7");

        var opening = await Logs.OpenAsync(Api, Ct);

        Assert.Equal([5], opening.Snapshots.Select(snapshot => snapshot.Position));
        Assert.Equal([6, 7], opening.Records.Select(record => record.Position));
    }

    [Fact]
    public async Task A_cut_leaves_claims_and_what_is_not_before_it()
    {
        await AppendedAsync(Begin(Api, Records(4)));
        await AppendedAsync(Append(Api, 5, 6, Claim, Record("7"), Record("8")));
        await AppendedAsync(Append(Api, 8, 9, Claim, Record("10"), Record("11")));
        await AppendedAsync(Begin(Bob, Records(4)));

        await Logs.CutAsync(Api, 8, Ct);

        Assert.Equal([1, 6, 8, 9, 10, 11], await PositionsAsync(Api));
        Assert.Equal([1, 6], (await Logs.ReadAsync(Api, 0, 2, Ct)).Select(record => record.Claim));
        Assert.Equal(Range(1, 5), await PositionsAsync(Bob));
        await AppendedAsync(Append(Api, 11, 9, Record("12")));
    }

    // Where a stale activation stands, a claim is next: 5 and 8. An onlooker that never claimed may stand anywhere.
    [Fact]
    public async Task Who_stands_before_a_claim_or_anywhere_that_was_cut_past_collides()
    {
        await AppendedAsync(Begin(Api, Records(4)));
        await AppendedAsync(Append(Api, 5, 6, Claim, Record("7"), Record("8")));
        await AppendedAsync(Append(Api, 8, 9, Claim, Record("10"), Record("11")));
        await Logs.CutAsync(Api, 11, Ct);

        Assert.Equal([1, 6, 9, 11], await PositionsAsync(Api));
        Assert.IsType<LogOutcome.Collided>(await AppendAsync(Append(Api, 5, 1, Record("stale"))));
        Assert.IsType<LogOutcome.Collided>(await AppendAsync(Append(Api, 8, 6, Record("stale"))));
        for (var expected = 0; expected < 11; expected++)
        {
            Assert.IsType<LogOutcome.Collided>(await AppendAsync(Append(Api, expected, expected + 1, Claim)));
        }

        Assert.Equal([1, 6, 9, 11], await PositionsAsync(Api));
    }

    [Fact]
    public async Task A_cut_of_many_records_takes_all_but_the_last()
    {
        await AppendedAsync(Begin(Api));
        for (var expected = 1; expected < 2_500; expected += 49)
        {
            await AppendedAsync(Append(Api, expected, 1, Records(49)));
        }

        await Logs.CutAsync(Api, long.MaxValue, Ct);

        Assert.Equal([1, 2500], await PositionsAsync(Api));
        await AppendedAsync(Append(Api, 2500, 1, Record("goes on")));
    }

    [Fact]
    public async Task A_cut_never_takes_what_the_older_snapshot_stands_on()
    {
        await AppendedAsync(Begin(Api, Records(9)));
        await SaveAsync(4);
        await SaveAsync(8);

        await Logs.CutAsync(Api, 10, Ct);

        var opening = await Logs.OpenAsync(Api, Ct);
        Assert.Equal([8, 4], opening.Snapshots.Select(snapshot => snapshot.Position));
        Assert.Equal([1, .. Range(4, 10)], await PositionsAsync(Api));
    }

    [Fact]
    public async Task What_a_removed_grain_was_goes_with_its_snapshots()
    {
        await AppendedAsync(Begin(Api, Records(4)));
        await SaveAsync(3);
        await SaveAsync(5);
        await AppendedAsync(Append(Api, 5, 1, Removed));

        await Logs.CutAsync(Api, 6, Ct);

        var opening = await Logs.OpenAsync(Api, Ct);
        Assert.Empty(opening.Snapshots);
        Assert.Equal([1, 6], opening.Records.Select(record => record.Position));
    }

    private async Task SaveAsync(long position, string state = "{}") => await Logs.SaveSnapshotAsync(
        Api, new LogSnapshot(position, (await RecordAsync(Api, position)).Hash(), 3, System.Text.Encoding.UTF8.GetBytes(state)), Ct);
}

public sealed class SqliteSnapshotTests() : SnapshotSuite(new SqliteTestStore());

public sealed class PostgresSnapshotTests() : SnapshotSuite(new PostgresTestStore());
