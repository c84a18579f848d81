using Cluster.Core.Logs;

namespace Cluster.Next.Storage.Tests;

/// <summary>The rows beside logs, and blobs, on every store.</summary>
public abstract class BesideSuite(TestStore place) : LogSuite(place)
{
    private static readonly LogId Web = new("session", "bob/web");

    [Fact]
    public async Task A_key_is_known_in_its_grain_and_scope_only()
    {
        var appended = await AppendedAsync(Begin(Api, Record("two")) with { Beside = Keys(("delivery", "7", 2), ("body", "ab", 2)) });
        await AppendedAsync(Begin(Web) with { Beside = Keys(("delivery", "8", 1)) });

        var known = await Indexes.FindKnownAsync(Api, [("delivery", "7"), ("body", "ab"), ("delivery", "8"), ("body", "7"), ("body", "a\0b")], Ct);

        Assert.Equivalent(new[] { new KnownKey("delivery", "7", 2, appended.At), new KnownKey("body", "ab", 2, appended.At) }, known, strict: true);
        Assert.Empty(await Indexes.FindKnownAsync(Api, [], Ct));
        await AppendedAsync(Append(Web, 1, 1, Record("the same delivery of another source")) with { Beside = Keys(("delivery", "7", 2)) });
    }

    [Fact]
    public async Task Keys_are_forgotten_by_the_day()
    {
        var at = (await AppendedAsync(Begin(Api) with { Beside = Keys(("delivery", "7", 1), ("delivery", "8", 1)) })).At;
        var today = DateOnly.FromDateTime(at.UtcDateTime);

        Assert.Equal(0, await Indexes.ForgetKeysAsync(today, Ct));
        Assert.Equal(2, (await Indexes.FindKnownAsync(Api, [("delivery", "7"), ("delivery", "8")], Ct)).Count);
        Assert.Equal(2, await Indexes.ForgetKeysAsync(today.AddDays(1), Ct));

        Assert.Empty(await Indexes.FindKnownAsync(Api, [("delivery", "7"), ("delivery", "8")], Ct));
        await AppendedAsync(Append(Api, 1, 1, Record("again")) with { Beside = Keys(("delivery", "7", 2)) });
    }

    [Fact]
    public async Task An_index_finds_its_grains_page_by_page()
    {
        LogId[] logs = [.. "alice/b alice/B alice/a alice/ü alice/a.2".Split(' ').Select(key => new LogId("session", key))];
        await Logs.AppendAsync([.. logs.Select(log => Begin(log) with { Beside = Put(("sessions-of", "alice", log, $"is {log.Key}")) })], Ct);
        await AppendedAsync(Begin(Web) with { Beside = Put(("sessions-of", "alic", Web, ""), ("tokens", "alice", Web, "")) });

        var first = await Indexes.FindAsync("sessions-of", "alice", null, 3, Ct);
        var second = await Indexes.FindAsync("sessions-of", "alice", first[^1].Entry.Grain, 3, Ct);

        Assert.Equal(["alice/B", "alice/a", "alice/a.2"], first.Select(row => row.Entry.Grain.Key));
        Assert.Equal(["alice/b", "alice/ü"], second.Select(row => row.Entry.Grain.Key));
        Assert.Equal(new IndexRow(new IndexEntry("sessions-of", "alice", logs[3]), "is alice/ü"), second[1]);
        Assert.Empty(await Indexes.FindAsync("sessions-of", "alice", logs[3], 3, Ct));
        Assert.Empty(await Indexes.FindAsync("sessions-of", "ali\0ce", null, 3, Ct));
    }

    [Fact]
    public async Task An_entry_says_the_newer_and_goes_when_it_is_removed()
    {
        await AppendedAsync(Begin(Api) with { Beside = Put(("tokens", "k", Api, "one"), ("tokens", "l", Api, "one")) });
        await AppendedAsync(Append(Api, 1, 1, Record("two")) with { Beside = Put(("tokens", "k", Api, "two")) });

        Assert.Equal("two", Assert.Single(await Indexes.FindAsync("tokens", "k", null, 9, Ct)).Value);

        IndexEntry[] both = [new("tokens", "k", Api), new("tokens", "l", Api)];
        await AppendedAsync(Append(Api, 2, 1, Record("three")) with { Beside = new RowsBeside { Removes = both, Puts = [new IndexRow(both[1], "three")] } });

        Assert.Empty(await Indexes.FindAsync("tokens", "k", null, 9, Ct));
        Assert.Equal("three", Assert.Single(await Indexes.FindAsync("tokens", "l", null, 9, Ct)).Value);
    }

    [Fact]
    public async Task Two_grains_of_one_trip_may_write_the_same_entry()
    {
        var outcomes = await Logs.AppendAsync(
            [Begin(Api) with { Beside = Put(("works-on", "repo", Bob, "api")) }, Begin(Web) with { Beside = Put(("works-on", "repo", Bob, "web")) }], Ct);

        Assert.All(outcomes, outcome => Assert.IsType<LogOutcome.Appended>(outcome));
        Assert.Single(await Indexes.FindAsync("works-on", "repo", null, 9, Ct));
    }

    [Fact]
    public async Task Who_is_due_is_told_by_the_stores_clock_the_longest_first()
    {
        var now = await Logs.TimeAsync(Ct);
        await Logs.AppendAsync([Due(Api, 0, now.AddMinutes(-1)), Due(Web, 0, now.AddMinutes(-2)), Due(Bob, 0, now.AddHours(1))], Ct);

        Assert.Equal([Web, Api], (await Indexes.DueAsync(9, Ct)).Select(row => row.Grain));
        Assert.Equal([Web], (await Indexes.DueAsync(1, Ct)).Select(row => row.Grain));

        await AppendedAsync(Append(Web, 1, 1, Record("leaves it")));
        await AppendedAsync(Due(Api, 1, null));

        var due = Assert.Single(await Indexes.DueAsync(9, Ct));
        Assert.Equal((Web, 0), (due.Grain, due.Failures));
        Assert.Equal(now.AddMinutes(-2), due.At, TimeSpan.FromMicroseconds(1));
    }

    [Fact]
    public async Task A_grain_that_cannot_be_woken_is_put_off_and_counted()
    {
        var now = await Logs.TimeAsync(Ct);
        await AppendedAsync(Due(Api, 0, now.AddMinutes(-5)));

        await Indexes.PutOffAsync((await Indexes.DueAsync(9, Ct))[0], now.AddMinutes(-1), Ct);
        var again = Assert.Single(await Indexes.DueAsync(9, Ct));
        await Indexes.PutOffAsync(again, now.AddHours(1).ToOffset(TimeSpan.FromHours(2)), Ct);

        Assert.Equal(1, again.Failures);
        Assert.Equal(now.AddMinutes(-1), again.At, TimeSpan.FromMicroseconds(1));
        Assert.Empty(await Indexes.DueAsync(9, Ct));
        Assert.Equal(now.AddHours(1), (await Logs.OpenAsync(Api, Ct)).Due!.Value, TimeSpan.FromMicroseconds(1));

        await AppendedAsync(Due(Api, 1, now.AddMinutes(-1)));
        Assert.Equal(0, Assert.Single(await Indexes.DueAsync(9, Ct)).Failures);
    }

    [Fact]
    public async Task A_due_row_that_changed_meanwhile_is_not_put_off()
    {
        var now = await Logs.TimeAsync(Ct);
        await AppendedAsync(Due(Api, 0, now.AddMinutes(-5)));
        var seen = (await Indexes.DueAsync(9, Ct))[0];
        await AppendedAsync(Due(Api, 1, now.AddMinutes(-3)));

        await Indexes.PutOffAsync(seen, now.AddHours(1), Ct);

        Assert.Equal(now.AddMinutes(-3), Assert.Single(await Indexes.DueAsync(9, Ct)).At, TimeSpan.FromMicroseconds(1));
    }

    [Fact]
    public async Task An_audit_is_read_in_its_order_and_stays_when_the_log_is_cut()
    {
        AuditRow Row(int number) => new(number, 1, new byte[] { (byte)number, 0 }, new byte[32]);
        await AppendedAsync(Begin(Api, Records(3)) with { Beside = new RowsBeside { Audits = [Row(1), Row(2)] } });
        await AppendedAsync(Append(Api, 4, 1, Record("five")) with { Beside = new RowsBeside { Audits = [Row(3)] } });
        await Logs.CutAsync(Api, 5, Ct);

        Assert.Equal([1, 2, 3], (await Indexes.ReadAuditAsync(Api, 0, 9, Ct)).Select(row => row.Number));
        Assert.Equal([2], (await Indexes.ReadAuditAsync(Api, 1, 1, Ct)).Select(row => row.Number));
        Assert.Equal([3, 0], (await Indexes.ReadAuditAsync(Api, 2, 9, Ct))[0].Body.ToArray());
        Assert.Empty(await Indexes.ReadAuditAsync(Bob, 0, 9, Ct));
    }

    [Fact]
    public async Task A_blob_is_kept_replaced_and_removed()
    {
        var large = new byte[3 * 1024 * 1024];
        new Random(1).NextBytes(large);
        await Stores.Blobs.PutBlobAsync("alice/api/1", large, Ct);
        await Stores.Blobs.PutBlobAsync("alice/api/2", large.AsMemory(10, 20), Ct);
        await Stores.Blobs.PutBlobAsync("alice/api/3", ReadOnlyMemory<byte>.Empty, Ct);

        Assert.Equal(large, (await Stores.Blobs.ReadBlobAsync("alice/api/1", Ct))!.Value.ToArray());
        Assert.Equal(large[10..30], (await Stores.Blobs.ReadBlobAsync("alice/api/2", Ct))!.Value.ToArray());
        Assert.Equal(0, (await Stores.Blobs.ReadBlobAsync("alice/api/3", Ct))!.Value.Length);

        await Stores.Blobs.PutBlobAsync("alice/api/2", new byte[] { 1 }, Ct);
        await Stores.Blobs.RemoveBlobAsync("alice/api/1", Ct);
        await Stores.Blobs.RemoveBlobAsync("never there", Ct);

        Assert.Null(await Stores.Blobs.ReadBlobAsync("alice/api/1", Ct));
        Assert.Equal([1], (await Stores.Blobs.ReadBlobAsync("alice/api/2", Ct))!.Value.ToArray());
    }

    private static RowsBeside Keys(params (string Scope, string Key, long Position)[] keys) =>
        new() { Keys = [.. keys.Select(key => new KeyRow(key.Scope, key.Key, key.Position))] };

    private static RowsBeside Put(params (string Index, string Key, LogId Grain, string Value)[] puts) =>
        new() { Puts = [.. puts.Select(put => new IndexRow(new IndexEntry(put.Index, put.Key, put.Grain), put.Value))] };

    private static LogAppend Due(LogId log, long expected, DateTimeOffset? at) =>
        Append(log, expected, 1, expected == 0 ? Claim : Record("due")) with { Beside = new RowsBeside { Due = new DueChange(at) } };
}

public sealed class SqliteBesideTests() : BesideSuite(new SqliteTestStore());

public sealed class PostgresBesideTests() : BesideSuite(new PostgresTestStore());
