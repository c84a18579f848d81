using Cluster.Chat;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Chat.Discord;

/// <summary>A bot in so many servers that one connection does not do.</summary>
public sealed class DiscordShardTests
{
    // Discord: Gateway, sharding formula.
    private static readonly string[] Guilds = [$"{1000UL << 22}", $"{1001UL << 22}"];

    [Fact]
    public async Task As_many_connections_are_made_as_discord_recommends_and_each_hears_its_part()
    {
        await using var rig = await StartAsync(shards: 2);
        var (alice, direct) = (rig.Discord.Person("alice"), rig.Discord.DirectChat());
        var channels = Guilds.Select(guild => rig.Discord.GuildChannel(guild)).ToList();

        var visits = new[] { await rig.VisitAsync(), await rig.VisitAsync() };
        rig.Discord.Write(channels[0], alice, "zero");
        rig.Discord.Write(channels[1], alice, "one");
        rig.Discord.Write(direct, alice, "direct");
        var told = (await rig.Inbox.NextAsync(3)).Cast<ChatUpdate.Message>().Select(message => message.Text).ToList();

        Assert.Equal(["0/2", "1/2"], visits.Select(visit => visit.Shard));
        Assert.Equal(["direct", "one", "zero"], told.Order());
        Assert.True(rig.Inbox.IsEmpty);
    }

    [Theory]
    [InlineData(5, 1)]
    [InlineData(5, 2)]
    [InlineData(5, 16)]
    public async Task They_begin_no_faster_than_discord_allows(int shards, int atOnce)
    {
        await using var rig = await StartAsync(shards, atOnce);

        var visits = new List<string>();
        while (visits.Count < shards)
        {
            visits.Add((await rig.VisitAsync()).Shard);
        }

        Assert.Equal(Enumerable.Range(0, shards).Select(shard => $"{shard}/{shards}"), visits.Order());
        Assert.Equal(0, rig.Discord.Gateway.TooSoon);
    }

    [Fact]
    public async Task Each_goes_on_where_it_was_also_at_the_next_receiver()
    {
        await using var rig = await StartAsync(shards: 2);
        var alice = rig.Discord.Person("alice");
        var channels = Guilds.Select(guild => rig.Discord.GuildChannel(guild)).ToList();
        await rig.VisitAsync();
        await rig.VisitAsync();
        rig.Discord.Write(channels[1], alice, "one");
        await rig.Inbox.NextAsync();

        await rig.StopReceivingAsync();
        rig.Discord.Write(channels[0], alice, "two");
        rig.Discord.Write(channels[1], alice, "three");
        rig.Receive();
        var visits = new[] { await rig.VisitAsync(), await rig.VisitAsync() }.OrderBy(visit => visit.Shard).ToList();
        var told = (await rig.Inbox.NextAsync(2)).Cast<ChatUpdate.Message>().Select(message => message.Text).Order();

        Assert.Equal([("0/2", 1L), ("1/2", 2L)], visits.Select(visit => (visit.Shard, visit.ResumedAfter ?? 0)));
        Assert.Equal(["three", "two"], told);
        Assert.True(rig.Inbox.IsEmpty);
    }

    [Fact]
    public async Task One_connection_becomes_more_when_discord_asks_for_it_and_nothing_is_missed()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        var (alice, channel) = (rig.Discord.Person("alice"), rig.Discord.GuildChannel(Guilds[1]));
        rig.Discord.Write(channel, alice, $"<@{rig.Discord.Bot.Id}> before");
        await rig.Inbox.NextAsync();

        (rig.Discord.Gateway.Shards, rig.Discord.Gateway.LeastShards) = (2, 2);
        rig.Discord.Gateway.ForgetSessions();
        rig.Discord.Gateway.Close(4011);
        rig.Discord.Write(channel, alice, $"<@{rig.Discord.Bot.Id}> meanwhile");
        var visits = new[] { await rig.VisitAsync(), await rig.VisitAsync() };
        var told = await rig.Inbox.NextMessageAsync();

        Assert.Equal(["0/2", "1/2"], visits.Select(visit => visit.Shard));
        Assert.Equal("meanwhile", told.Text);
    }

    private static async Task<DiscordRig> StartAsync(int shards, int atOnce = 1)
    {
        var rig = await DiscordRig.StartAsync(new FakeTimeProvider());
        (rig.Discord.Gateway.Shards, rig.Discord.Gateway.LeastShards, rig.Discord.Gateway.MaxConcurrency) = (shards, shards, atOnce);
        rig.Receive();
        return rig;
    }
}
