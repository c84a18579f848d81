using System.Security.Cryptography;
using Cluster.Core.Secrets;
using Cluster.Storage.Sources;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Sources;

public sealed class SqliteCatchUpTests() : CatchUpSuite(new SqliteDatabase());

public sealed class PostgresCatchUpTests() : CatchUpSuite(new PostgresDatabase());

public abstract class CatchUpSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly CatchUpWish Asks = new() { Api = "https://api.github.com", Owner = "repos/acme/api", Token = "ghp_0123456789" };

    private CatchUpStore CatchUps => new(Engine, Box);

    [Fact]
    public async Task A_source_is_due_at_once_and_its_token_opens_for_it_alone()
    {
        var path = await SetAsync();

        var job = Assert.Single(await CatchUps.DueAsync(all: false, Ct));

        Assert.Equal(("ci", path, "repos/acme/api", null, Clock.GetUtcNow()), (job.Source, job.Path, job.Owner, job.Hook, job.Since));
        Assert.Equal("ghp_0123456789", CatchUps.OpenToken(job));
        Assert.ThrowsAny<CryptographicException>(() => CatchUps.OpenToken(job with { Source = "other" }));
        Assert.ThrowsAny<CryptographicException>(() => new CatchUpStore(Engine, new SecretBox(new byte[32])).OpenToken(job));
        Assert.DoesNotContain(await Audit.LatestAsync(1_000, Ct), row => $"{row}".Contains("ghp_"));
    }

    [Fact]
    public async Task A_source_that_was_asked_is_due_again_after_its_time_or_after_an_outage()
    {
        await SetAsync();
        var job = Assert.Single(await CatchUps.DueAsync(all: false, Ct));
        var now = Clock.GetUtcNow();

        await Engine.TurnAsync(turn => CatchUpStore.FoundAsync(turn, job, 7), Ct);
        await Engine.TurnAsync(turn => CatchUpStore.AskedAsync(turn, job, now.AddMinutes(1), now.AddMinutes(5), null, null), Ct);

        Assert.Empty(await CatchUps.DueAsync(all: false, Ct));
        var outage = Assert.Single(await CatchUps.DueAsync(all: true, Ct));
        Assert.Equal((7, now.AddMinutes(1), 0), (outage.Hook, outage.Since, outage.Failures));
        Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Single(await CatchUps.DueAsync(all: false, Ct));
        Assert.Equal(now, Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).CatchUp!.AskedAt);
    }

    [Fact]
    public async Task What_is_wrong_is_listed_and_a_limit_holds_after_an_outage_too()
    {
        await SetAsync();
        var job = Assert.Single(await CatchUps.DueAsync(all: false, Ct));
        var until = Clock.GetUtcNow().AddMinutes(30);

        await Engine.TurnAsync(turn => CatchUpStore.AskedAsync(turn, job, job.Since, until, until, "a limit"), Ct);

        Assert.Empty(await CatchUps.DueAsync(all: true, Ct));
        var shown = Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).CatchUp!;
        Assert.Equal(("https://api.github.com/repos/acme/api", "a limit", null), (shown.From, shown.Problem, shown.AskedAt));
        Clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(1, Assert.Single(await CatchUps.DueAsync(all: false, Ct)).Failures);
    }

    [Fact]
    public async Task A_delivery_is_counted_three_times_and_no_more()
    {
        await SetAsync();
        var job = Assert.Single(await CatchUps.DueAsync(all: false, Ct));

        var counted = new List<bool>();
        for (var i = 0; i < 4; i++)
        {
            counted.Add(await Engine.TurnAsync(turn => CatchUpStore.CountAsync(turn, job, "one"), Ct));
        }

        Assert.Equal([true, true, true, false], counted);
        Assert.True(await Engine.TurnAsync(turn => CatchUpStore.CountAsync(turn, job, "other"), Ct));
        Assert.False(await Engine.TurnAsync(turn => CatchUpStore.CountAsync(turn, job with { Path = "before" }, "third"), Ct));
        Clock.Advance(TimeSpan.FromDays(7));
        await Engine.TurnAsync(turn => CatchUpStore.AskedAsync(turn, job, job.Since, job.Since, null, null), Ct);
        Assert.Equal(0, await CountAsync("source_redelivery"));
    }

    [Fact]
    public async Task It_goes_with_its_source_and_a_new_one_of_its_name_begins_without()
    {
        await SetAsync();
        await Sources.RemoveAsync("ci", AliceCalls, Ct);
        Assert.Equal(0, await CountAsync("source_catch_up"));

        await SetAsync();
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("DELETE FROM source"), Ct); // as a node of an older version does
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("DELETE FROM route"), Ct);
        Assert.Empty(await CatchUps.DueAsync(all: true, Ct));
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);

        Assert.Empty(await CatchUps.DueAsync(all: true, Ct));
        Assert.Null(Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).CatchUp);
    }

    [Fact]
    public async Task Only_the_owner_lets_a_source_of_github_catch_up()
    {
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);
        await Sources.AddAsync(Wish("alerts", Api) with { Kind = "grafana" }, AliceCalls, Ct);

        Assert.Equal(CatchUpChange.NoSuchSource, await CatchUps.SetAsync("ci", Asks, await CallerAsync("bob"), Ct));
        Assert.Equal(CatchUpChange.NoSuchSource, await CatchUps.RemoveAsync("nothing", AliceCalls, Ct));
        Assert.Equal(CatchUpChange.NotGitHub, await CatchUps.SetAsync("alerts", Asks, AliceCalls, Ct));

        Assert.Empty(await CatchUps.DueAsync(all: true, Ct));
    }

    private async Task<string> SetAsync()
    {
        var path = (await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct))!;
        Assert.Equal(CatchUpChange.Done, await CatchUps.SetAsync("ci", Asks, AliceCalls, Ct));
        return path;
    }
}
