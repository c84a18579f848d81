using System.Security.Cryptography;
using Cluster.Core.Secrets;
using Cluster.Core.Webhooks.GitHub;
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

        await Engine.TurnAsync(turn => CatchUpStore.ListedAsync(turn, job, now.AddMinutes(1), "v1_9", now), Ct);
        await Engine.TurnAsync(turn => CatchUpStore.AskedAsync(turn, job, now.AddMinutes(5), null, null), Ct);

        Assert.Empty(await CatchUps.DueAsync(all: false, Ct));
        var outage = Assert.Single(await CatchUps.DueAsync(all: true, Ct));
        Assert.Equal((now.AddMinutes(1), "v1_9", now, 0), (outage.Since, outage.NextPage, outage.Listing, outage.Failures));
        Assert.True(Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).CatchUp!.More);
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

        await Engine.TurnAsync(turn => CatchUpStore.AskedAsync(turn, job, until, until, "a limit"), Ct);

        Assert.Empty(await CatchUps.DueAsync(all: true, Ct));
        var shown = Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).CatchUp!;
        Assert.Equal(("https://api.github.com/repos/acme/api", "a limit", null), (shown.From, shown.Problem, shown.AskedAt));
        Clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(1, Assert.Single(await CatchUps.DueAsync(all: false, Ct)).Failures);
    }

    [Fact]
    public async Task Asks_for_a_delivery_are_spaced_over_days_and_none_comes_before_its_time()
    {
        await SetAsync();
        var job = await JobAsync();
        await NoteAsync(job, "one");
        var asked = new List<DateTimeOffset>();

        for (var i = 0; i < 60 * 12 && await FailedAsync(job) is var due; i++)
        {
            foreach (var failed in due.Where(one => one.Asked < FailedDeliveries.MostAsked))
            {
                Assert.True(await Engine.TurnAsync(turn => FailedDeliveries.CountAsync(turn, job, failed, Clock.GetUtcNow()), Ct));
                Assert.False(await Engine.TurnAsync(turn => FailedDeliveries.CountAsync(turn, job, failed, Clock.GetUtcNow()), Ct)); // as another node might
                asked.Add(Clock.GetUtcNow());
            }

            Clock.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Equal([0, 5, 65, 425, 1865, 3305], asked.Select(at => (at - asked[0]).TotalMinutes));
    }

    [Fact]
    public async Task What_GitHub_repeats_no_more_is_told_as_given_up_and_forgotten_later()
    {
        await SetAsync();
        var job = await JobAsync();
        await NoteAsync(job, "old", "refused", "waiting");
        Clock.Advance(TimeSpan.FromDays(2));
        await NoteAsync(job, "new");
        await Engine.TurnAsync(turn => FailedDeliveries.GiveUpAsync(turn, job, "refused"), Ct);
        await Engine.TurnAsync(turn => FailedDeliveries.EnteredAsync(turn, job, "waiting"), Ct);

        Clock.Advance(TimeSpan.FromDays(2));
        await Engine.TurnAsync(turn => CatchUpStore.AskedAsync(turn, job, job.Since, null, null), Ct);
        var shown = Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).CatchUp!;
        Clock.Advance(TimeSpan.FromDays(7));
        await Engine.TurnAsync(turn => CatchUpStore.AskedAsync(turn, job, job.Since, null, null), Ct);

        Assert.Equal((1, 2), (shown.Waiting, shown.GivenUp));
        Assert.Equal(0, await CountAsync("source_redelivery"));
    }

    [Fact]
    public async Task Another_token_alone_keeps_the_rest_and_asks_at_once_for_what_was_refused()
    {
        await SetAsync(Asks with { Hook = 7 });
        var before = await JobAsync();
        await NoteAsync(before, "one", "two");
        var one = (await FailedAsync(before))[0];
        await Engine.TurnAsync(turn => FailedDeliveries.CountAsync(turn, before, one, Clock.GetUtcNow()), Ct);
        await Engine.TurnAsync(turn => FailedDeliveries.GiveUpAsync(turn, before, "two"), Ct);
        Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(CatchUpChange.Done, await CatchUps.SetAsync("ci", new CatchUpWish { Token = "ghp_another_0123" }, AliceCalls, Ct));

        var after = await JobAsync();
        Assert.Equal((before.Owner, before.Api, 7, before.Since), (after.Owner, after.Api, after.Hook, after.Since));
        Assert.Equal("ghp_another_0123", CatchUps.OpenToken(after));
        Assert.Equal(["one", "two"], (await FailedAsync(after)).Select(failed => failed.Delivery));
        Assert.All(await FailedAsync(after), failed => Assert.Equal(0, failed.Asked));
    }

    [Fact]
    public async Task A_hook_alone_keeps_the_token_and_what_failed_is_listed_again()
    {
        await SetAsync();
        var before = await JobAsync();
        await Engine.TurnAsync(turn => CatchUpStore.ListedAsync(turn, before, before.Since.AddHours(2), null, null), Ct);
        await NoteAsync(before, "one");
        var failed = Clock.GetUtcNow();

        Assert.Equal(CatchUpChange.Done, await CatchUps.SetAsync("ci", new CatchUpWish { Hook = 9 }, AliceCalls, Ct));

        var after = await JobAsync();
        Assert.Equal((9, "ghp_0123456789", failed), (after.Hook, CatchUps.OpenToken(after), after.Since));
        Assert.Empty(await FailedAsync(after)); // attempts of another hook
        Assert.Equal(CatchUpChange.Done, await CatchUps.SetAsync("ci", new CatchUpWish { Owner = "orgs/acme" }, AliceCalls, Ct));
        Assert.Null((await JobAsync()).Hook);
    }

    [Fact]
    public async Task Without_an_owner_or_a_token_for_that_api_nothing_is_set()
    {
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);

        Assert.Equal(CatchUpChange.NoOwner, await CatchUps.SetAsync("ci", Asks with { Owner = null }, AliceCalls, Ct));
        Assert.Equal(CatchUpChange.NoToken, await CatchUps.SetAsync("ci", Asks with { Token = null }, AliceCalls, Ct));
        await CatchUps.SetAsync("ci", Asks, AliceCalls, Ct);
        Assert.Equal(CatchUpChange.NoToken, await CatchUps.SetAsync("ci", new CatchUpWish { Api = "https://ghe.example.com/api/v3" }, AliceCalls, Ct));

        Assert.Equal("https://api.github.com", (await JobAsync()).Api);
    }

    [Fact]
    public async Task A_round_under_way_leaves_a_newer_setting_as_it_is()
    {
        await SetAsync();
        var before = await JobAsync();
        await NoteAsync(before, "one");
        var one = Assert.Single(await FailedAsync(before));
        await CatchUps.SetAsync("ci", Asks with { Token = "ghp_another_0123" }, AliceCalls, Ct);
        var until = Clock.GetUtcNow().AddHours(1);

        Assert.False(await Engine.TurnAsync(turn => FailedDeliveries.CountAsync(turn, before, one, until), Ct));
        await NoteAsync(before, "two");
        await Engine.TurnAsync(turn => FailedDeliveries.GiveUpAsync(turn, before, "one"), Ct);
        await Engine.TurnAsync(turn => CatchUpStore.ListedAsync(turn, before, until, null, null), Ct);
        await Engine.TurnAsync(turn => CatchUpStore.AskedAsync(turn, before, until, until, "does not accept the token"), Ct);

        var after = await JobAsync();
        Assert.Equal((before.Since, 0), (after.Since, after.Failures));
        Assert.Equal("one", Assert.Single(await FailedAsync(after)).Delivery);
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

    private async Task<string> SetAsync(CatchUpWish? wish = null)
    {
        var path = (await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct))!;
        Assert.Equal(CatchUpChange.Done, await CatchUps.SetAsync("ci", wish ?? Asks, AliceCalls, Ct));
        return path;
    }

    private async Task<CatchUpJob> JobAsync() => Assert.Single(await CatchUps.DueAsync(all: false, Ct));

    private Task<List<FailedDelivery>> FailedAsync(CatchUpJob job) => CatchUps.FailedAsync(job, Clock.GetUtcNow(), 100, Ct);

    private async Task NoteAsync(CatchUpJob job, params string[] deliveries)
    {
        var failed = deliveries.Select((delivery, i) => new HookDelivery(i + 1, delivery, Clock.GetUtcNow(), Ok: false)).ToList();
        await Engine.TurnAsync(turn => FailedDeliveries.NoteAsync(turn, job, failed, Clock.GetUtcNow()), Ct);
    }
}
