using Cluster.Core.Logs;
using Cluster.Next.Storage.Writing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Next.Storage.Tests;

/// <summary>What an append promises on every store.</summary>
public abstract class AppendSuite(TestStore place) : LogSuite(place)
{
    [Fact]
    public async Task Records_stand_in_the_order_in_which_they_were_appended()
    {
        var first = await AppendedAsync(Begin(Api, Record("one"), Record("two")));
        var second = await AppendedAsync(Append(Api, 3, 1, Record("three"), Record("four")));

        var all = await Logs.ReadAsync(Api, 0, 100, Ct);
        Assert.Equal(Range(1, 5), all.Select(record => record.Position));
        Assert.Equal(["{}", "one", "two", "three", "four"], all.Select(Text));
        Assert.Equal(["claim", "event-accepted"], all.Take(2).Select(record => record.Kind));
        Assert.All(all, record => Assert.Equal(1, record.Claim));
        Assert.Equal([1, 2], all.Take(2).Select(record => record.Version));
        Assert.Equal([first.At, first.At, first.At, second.At, second.At], all.Select(record => record.At));
        Assert.Equal(["three"], (await Logs.ReadAsync(Api, 3, 1, Ct)).Select(Text));
        Assert.Equal(["three", "two"], (await Logs.ReadBackAsync(Api, 5, 2, Ct)).Select(Text));
        Assert.Empty(await Logs.ReadAsync(Bob, 0, 100, Ct));
    }

    [Fact]
    public async Task Of_two_writers_of_one_grain_exactly_one_goes_on()
    {
        var other = await Place.OpenAnotherAsync(Stores);
        LogWriter[] writers = [new(Logs, NullLogger<LogWriter>.Instance), new(other.Logs, NullLogger<LogWriter>.Instance)];
        await AppendedAsync(Begin(Api));
        var won = new List<string>();

        for (var position = 1; position <= 30; position++)
        {
            var outcomes = await Task.WhenAll(writers.Select((writer, i) => writer.AppendAsync(Append(Api, position, 1, Record($"{position} by {i}")))));
            Assert.Single(outcomes.OfType<LogOutcome.Appended>());
            Assert.Single(outcomes.OfType<LogOutcome.Collided>());
            won.Add($"{position} by {Array.FindIndex(outcomes, outcome => outcome is LogOutcome.Appended)}");
        }

        Assert.Equal(won, (await Logs.ReadAsync(Api, 1, 100, Ct)).Select(Text));
        await writers[0].DisposeAsync();
        await writers[1].DisposeAsync();
        await other.DisposeAsync();
    }

    [Fact]
    public async Task Who_writes_under_an_older_claim_is_refused_for_ever()
    {
        await AppendedAsync(Begin(Api, Record("old")));
        await AppendedAsync(Append(Api, 2, 3, Claim, Record("new")));

        for (var tried = 0; tried < 3; tried++)
        {
            Assert.IsType<LogOutcome.Collided>(await AppendAsync(Append(Api, 2, 1, Record("stale"))));
        }

        Assert.Equal([1, 1, 3, 3], (await Logs.ReadAsync(Api, 0, 100, Ct)).Select(record => record.Claim));
    }

    [Fact]
    public async Task Nobody_writes_behind_records_that_are_not_there()
    {
        await AppendedAsync(Begin(Api));

        Assert.IsType<LogOutcome.Collided>(await AppendAsync(Append(Api, 2, 1, Record("behind a gap"))));
        Assert.IsType<LogOutcome.Collided>(await AppendAsync(Append(Bob, 7, 1, Record("of no log"))));

        Assert.Equal([1], await PositionsAsync(Api));
        Assert.Empty(await PositionsAsync(Bob));
    }

    [Fact]
    public async Task One_grains_collision_does_no_harm_to_the_others_in_its_trip()
    {
        LogId[] logs = [.. Enumerable.Range(0, 60).Select(i => new LogId("session", $"alice/{i:00}"))];
        var stale = logs[37];
        await AppendedAsync(Begin(stale));
        var beside = new RowsBeside { Puts = [new IndexRow(new IndexEntry("sessions-of", "stale", stale), "")], Keys = [new KeyRow("id", "1", 1)] };

        var outcomes = await Logs.AppendAsync([.. logs.Select(log => Begin(log, Record($"of {log}")) with { Beside = log == stale ? beside : RowsBeside.None })], Ct);

        Assert.Equal(logs.Select(log => log == stale), outcomes.Select(outcome => outcome is LogOutcome.Collided));
        Assert.Equal(logs.Select(log => log != stale), outcomes.Select(outcome => outcome is LogOutcome.Appended));
        Assert.Equal([1], await PositionsAsync(stale));
        Assert.Equal("of session/alice/59", Text(await RecordAsync(logs[59], 2)));
        Assert.Empty(await Indexes.FindAsync("sessions-of", "stale", null, 10, Ct));
        Assert.Empty(await Indexes.FindKnownAsync(stale, [("id", "1")], Ct));
    }

    [Fact]
    public async Task A_value_that_the_store_refuses_does_no_harm_to_the_others_in_its_trip()
    {
        LogId[] logs = [.. Enumerable.Range(0, 9).Select(i => new LogId("source", $"ci-{i}"))];
        LogAppend Keyed(LogId log, string key) => Begin(log) with { Beside = new RowsBeside { Keys = [new KeyRow("delivery", key, 1)] } };

        var outcomes = await Logs.AppendAsync([.. logs.Select((log, i) => Keyed(log, i == 4 ? "secret\0key" : "plain"))], Ct);

        var refused = Assert.IsType<LogOutcome.Refused>(outcomes[4]);
        Assert.Contains("source/ci-4", refused.Reason);
        Assert.DoesNotContain("secret", refused.Reason);
        Assert.Equal(8, outcomes.OfType<LogOutcome.Appended>().Count());
        Assert.Empty(await PositionsAsync(logs[4]));
        Assert.Equal([1], await PositionsAsync(logs[5]));
    }

    [Fact]
    public async Task A_broken_row_beside_is_no_collision_and_leaves_nothing_of_the_append()
    {
        var audit = new RowsBeside { Audits = [new AuditRow(1, 1, "{}"u8.ToArray(), new byte[32])] };
        await AppendedAsync(Begin(Api) with { Beside = audit });

        var outcomes = await Logs.AppendAsync([Begin(Bob), Append(Api, 1, 1, Record("two")) with { Beside = audit }], Ct);

        Assert.IsType<LogOutcome.Appended>(outcomes[0]);
        Assert.Contains("log_audit", Assert.IsType<LogOutcome.Refused>(outcomes[1]).Reason);
        Assert.Equal([1], await PositionsAsync(Api));
        await AppendedAsync(Append(Api, 1, 1, Record("two")));
    }

    [Fact]
    public async Task A_known_key_is_named_and_keeps_the_nine_others_out()
    {
        await AppendedAsync(Begin(Api) with { Beside = new RowsBeside { Keys = [new KeyRow("delivery", "7", 1)] } });
        KeyRow[] ten = [.. Enumerable.Range(0, 10).Select(i => new KeyRow("delivery", $"{i}", 2))];
        var append = Append(Api, 1, 1, Record("two")) with { Beside = new RowsBeside { Keys = ten } };

        var known = Assert.IsType<LogOutcome.Known>((await Logs.AppendAsync([Begin(Bob), append], Ct))[1]);

        Assert.Equal(new LogOutcome.Known("delivery", "7"), known);
        Assert.Equal([1], await PositionsAsync(Api));
        Assert.Equal([1], await PositionsAsync(Bob));
        await AppendedAsync(append with { Beside = new RowsBeside { Keys = [.. ten.Where(key => key.Key != "7")] } });
        Assert.Equal(10, (await Indexes.FindKnownAsync(Api, [.. ten.Select(key => (key.Scope, key.Key))], Ct)).Count);
    }

    [Fact]
    public async Task A_key_that_stands_twice_in_one_append_is_known_too()
    {
        var twice = new RowsBeside { Keys = [new KeyRow("delivery", "7", 1), new KeyRow("delivery", "8", 1), new KeyRow("delivery", "8", 1)] };

        Assert.Equal(new LogOutcome.Known("delivery", "8"), await AppendAsync(Begin(Api) with { Beside = twice }));
        Assert.Empty(await PositionsAsync(Api));
    }

    [Fact]
    public async Task A_log_keeps_ten_thousand_records_in_their_order()
    {
        await AppendedAsync(Begin(Api));
        for (var expected = 1; expected < 10_000;)
        {
            var records = Records(Math.Min(LogAppend.MaxRows, 10_000 - expected));
            await AppendedAsync(Append(Api, expected, 1, records));
            expected += records.Length;
        }

        var opening = await Logs.OpenAsync(Api, Ct);

        Assert.Equal(Range(1, 10_000), opening.Records.Select(record => record.Position));
        Assert.Equal([10_000, 9_999], (await Logs.ReadBackAsync(Api, long.MaxValue, 2, Ct)).Select(record => record.Position));
    }

    [Fact]
    public async Task A_record_of_the_largest_size_is_kept_whole()
    {
        var body = new byte[LogRecord.MaxBytes];
        new Random(1).NextBytes(body);

        await AppendedAsync(Begin(Api, new NewRecord("large", 1, body), new NewRecord("empty", 1, ReadOnlyMemory<byte>.Empty)));

        Assert.Equal(body, (await RecordAsync(Api, 2)).Body.ToArray());
        Assert.Empty((await RecordAsync(Api, 3)).Body.ToArray());
    }

    [Fact]
    public async Task A_removed_grain_leaves_a_tombstone_and_comes_back_behind_it()
    {
        await AppendedAsync(Begin(Api, Record("old")));
        await AppendedAsync(Append(Api, 2, 1, Removed));
        await Logs.CutAsync(Api, 3, Ct);

        await AppendedAsync(Append(Api, 3, 4, Claim, Record("new")));

        Assert.IsType<LogOutcome.Collided>(await AppendAsync(Append(Api, 3, 1, Record("of the old life"))));
        Assert.IsType<LogOutcome.Collided>(await AppendAsync(Append(Api, 1, 1, Record("of the old life"))));
        Assert.IsType<LogOutcome.Collided>(await AppendAsync(Begin(Api)));
        Assert.Equal(["claim", "removed", "claim", "event-accepted"], (await Logs.OpenAsync(Api, Ct)).Records.Select(record => record.Kind));
    }

    [Fact]
    public async Task The_stores_time_goes_on()
    {
        var before = await Logs.TimeAsync(Ct);
        var first = await AppendedAsync(Begin(Api));
        var second = await AppendedAsync(Append(Api, 1, 1, Record("two")));
        var after = await Logs.TimeAsync(Ct);

        Assert.True(before <= first.At && first.At <= second.At && second.At <= after, $"{before:O} {first.At:O} {second.At:O} {after:O}");
        Assert.InRange((after - DateTimeOffset.UtcNow).Duration(), TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }
}

public sealed class SqliteAppendTests() : AppendSuite(new SqliteTestStore());

public sealed class PostgresAppendTests() : AppendSuite(new PostgresTestStore());
