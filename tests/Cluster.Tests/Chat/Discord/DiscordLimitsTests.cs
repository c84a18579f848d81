using System.Net;
using Cluster.Chat;
using Cluster.Chat.Discord;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Chat.Discord;

/// <summary>How the bot keeps Discord's limits.</summary>
public sealed class DiscordLimitsTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task An_empty_bucket_is_waited_for_without_a_call_and_only_in_its_channel()
    {
        await using var rig = await DiscordRig.StartAsync(_clock);
        rig.Discord.RateLimit = 2;
        var (full, free) = (rig.Discord.GuildChannel(), rig.Discord.GuildChannel());
        await rig.Bot.PostAsync(DiscordRig.Post(full, "1"), default);
        await rig.Bot.PostAsync(DiscordRig.Post(full, "2"), default);
        var calls = rig.Discord.Calls;

        var later = await rig.Bot.PostAsync(DiscordRig.Post(full, "3"), default);
        var callsForIt = rig.Discord.Calls - calls;
        var elsewhere = await rig.Bot.PostAsync(DiscordRig.Post(free, "1"), default);
        _clock.Advance(TimeSpan.FromSeconds(5));
        var again = await rig.Bot.PostAsync(DiscordRig.Post(full, "3"), default);

        Assert.Equal(new ChatOutcome.Later(TimeSpan.FromSeconds(5)), later);
        Assert.Equal(0, callsForIt);
        Assert.IsType<ChatOutcome.Done>(elsewhere);
        Assert.IsType<ChatOutcome.Done>(again);
    }

    [Fact]
    public async Task A_call_that_was_too_much_is_told_how_long_to_wait()
    {
        await using var rig = await DiscordRig.StartAsync(_clock);
        rig.Discord.RateLimit = 1;
        var channel = rig.Discord.GuildChannel();
        await using var other = rig.NewBot(rig.Discord.Token);
        await other.PostAsync(DiscordRig.Post(channel, "1"), default);
        _clock.Advance(TimeSpan.FromSeconds(1));

        var first = await rig.Bot.PostAsync(DiscordRig.Post(channel, "2"), default);
        var calls = rig.Discord.Calls;
        var second = await rig.Bot.PostAsync(DiscordRig.Post(channel, "2"), default);

        Assert.Equal(new ChatOutcome.Later(TimeSpan.FromSeconds(4)) { Told = true }, first);
        Assert.Equal(new ChatOutcome.Later(TimeSpan.FromSeconds(4)), second);
        Assert.Equal(calls, rig.Discord.Calls);
    }

    [Fact]
    public void Routes_of_one_bucket_share_it()
    {
        var limits = new DiscordLimits(_clock);
        limits.Take(DiscordRoute.Edit("1", "2"));
        limits.Learn(DiscordRoute.Edit("1", "2"), Bucket("b", "3", "1.5"));
        limits.Take(DiscordRoute.Post("1"));
        limits.Learn(DiscordRoute.Post("1"), Bucket("b", "0", "1.25"));

        Assert.Equal(TimeSpan.FromSeconds(1.5), limits.Take(DiscordRoute.Edit("1", "5")));
        Assert.Equal(TimeSpan.Zero, limits.Take(DiscordRoute.Edit("3", "5")));
    }

    [Fact]
    public void Answers_that_overtake_each_other_give_no_right_back()
    {
        var limits = new DiscordLimits(_clock);
        var route = DiscordRoute.Post("1");
        limits.Learn(route, Bucket("b", "1", "1"));
        Assert.Equal(TimeSpan.Zero, limits.Take(route));

        limits.Learn(route, Bucket("b", "1", "1"));

        Assert.Equal(TimeSpan.FromSeconds(1), limits.Take(route));
    }

    [Fact]
    public void Fifty_calls_in_a_second_are_the_most_but_answers_to_presses_go_through()
    {
        var limits = new DiscordLimits(_clock);
        var taken = Enumerable.Range(0, DiscordLimits.CallsPerSecond).Select(i => limits.Take(DiscordRoute.Post($"{i}"))).ToList();
        _clock.Advance(TimeSpan.FromSeconds(0.25));

        var next = limits.Take(DiscordRoute.Post("1000"));
        var press = limits.Take(DiscordRoute.Answer("1", "token"));
        _clock.Advance(next);

        Assert.All(taken, wait => Assert.Equal(TimeSpan.Zero, wait));
        Assert.Equal(TimeSpan.FromSeconds(0.75), next);
        Assert.Equal(TimeSpan.Zero, press);
        Assert.Equal(TimeSpan.Zero, limits.Take(DiscordRoute.Post("1000")));
    }

    [Fact]
    public void A_global_wait_holds_everything_back()
    {
        var limits = new DiscordLimits(_clock);

        limits.Wait(DiscordRoute.Post("1"), TimeSpan.FromSeconds(3), everywhere: true);

        Assert.Equal(TimeSpan.FromSeconds(3), limits.Take(DiscordRoute.Type("2")));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.Zero, limits.Take(DiscordRoute.Type("2")));
    }

    [Fact]
    public void Invalid_calls_stop_far_from_where_discord_locks_the_address_out()
    {
        var limits = new DiscordLimits(_clock);
        for (var i = 1; i < DiscordLimits.InvalidCalls; i++)
        {
            limits.Learn(DiscordRoute.Post("1"), Answer(i % 3 == 0 ? 401 : i % 3 == 1 ? 403 : 429));
            limits.Learn(DiscordRoute.Post("1"), Answer(429, ("X-RateLimit-Scope", "shared")));
            limits.Learn(DiscordRoute.Post("1"), Answer(404));
        }

        _clock.Advance(TimeSpan.FromMinutes(4));
        var before = limits.Take(DiscordRoute.Post("2"));
        limits.Learn(DiscordRoute.Post("1"), Answer(403));
        var after = limits.Take(DiscordRoute.Post("2"));
        var press = limits.Take(DiscordRoute.Answer("1", "token"));

        Assert.Equal(TimeSpan.Zero, before);
        Assert.Equal(TimeSpan.FromMinutes(6), after);
        Assert.Equal(TimeSpan.FromMinutes(6), press);
        _clock.Advance(after);
        Assert.Equal(TimeSpan.Zero, limits.Take(DiscordRoute.Post("2")));
    }

    [Theory]
    [InlineData("NaN", "1")]
    [InlineData("0", "NaN")]
    [InlineData("0", "-1")]
    [InlineData("0", "1e300")]
    [InlineData("many", "soon")]
    public void Headers_that_make_no_sense_never_break_a_call(string remaining, string after)
    {
        var limits = new DiscordLimits(_clock);

        limits.Learn(DiscordRoute.Post("1"), Bucket("b", remaining, after));

        Assert.InRange(limits.Take(DiscordRoute.Post("1")), TimeSpan.Zero, TimeSpan.FromDays(1));
    }

    private static HttpResponseMessage Bucket(string name, string remaining, string after) =>
        Answer(200, ("X-RateLimit-Bucket", name), ("X-RateLimit-Remaining", remaining), ("X-RateLimit-Reset-After", after));

    private static HttpResponseMessage Answer(int status, params (string Name, string Value)[] headers)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)status);
        foreach (var (name, value) in headers)
        {
            answer.Headers.Add(name, value);
        }

        return answer;
    }
}
