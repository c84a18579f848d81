using Cluster.Chat;
using Cluster.Chat.Discord;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Chat.Discord;

/// <summary>Whether Discord lets the bot in, and what happens when it does not.</summary>
public sealed class DiscordAdmissionTests
{
    [Theory]
    [InlineData(4004, "token")]
    [InlineData(4010, "shard")]
    [InlineData(4011, "too many servers")]
    [InlineData(4012, "version")]
    [InlineData(4013, "update this program")]
    [InlineData(4014, "Message Content Intent")]
    public async Task A_close_that_somebody_must_act_upon_says_so_in_words(int code, string words)
    {
        await using var rig = await DiscordRig.StartAsync();
        rig.Discord.Faults.CloseAtDoor = code;

        rig.Receive();
        var refusal = await Assert.ThrowsAsync<ChatRefusedException>(() => rig.Receiving.WaitAsync(FakeInbox.Patience));

        Assert.Contains($"({code})", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(rig.Discord.Token, $"{refusal}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_intent_that_is_switched_off_while_it_runs_is_a_refusal()
    {
        await using var rig = await DiscordRig.ConnectedAsync(new());
        await rig.Inbox.HeardAsync();
        rig.Discord.ApplicationFlags = 0;

        rig.Discord.Gateway.Invalidate(resumable: false);
        await rig.AdvanceUntilAsync(rig.Receiving, TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<ChatRefusedException>(() => rig.Receiving);
    }

    [Fact]
    public async Task An_api_that_fails_at_the_start_is_asked_again()
    {
        await using var rig = await DiscordRig.StartAsync(new());
        rig.Discord.Faults.FailNext(calls: 3, status: 500);

        rig.Receive();
        var visit = await rig.VisitAsync();

        Assert.True(visit.LetIn);
    }

    [Fact]
    public async Task The_last_session_starts_of_a_day_are_left_unused()
    {
        var clock = new FakeTimeProvider();
        await using var rig = await DiscordRig.StartAsync(clock);
        rig.Discord.Gateway.SessionStarts = 9;
        var began = clock.GetUtcNow();

        rig.Receive();
        var visit = rig.Discord.Gateway.Visits.ReadAsync().AsTask();
        await rig.AdvanceUntilAsync(visit, TimeSpan.FromHours(1));

        Assert.Null((await visit).ResumedAfter);
        Assert.True(clock.GetUtcNow() - began >= TimeSpan.FromDays(1));
    }

    [Theory]
    [InlineData("https://discord.com/api/v10", "wss://gateway.discord.gg", true)]
    [InlineData("https://discord.com/api/v10", "ws://gateway.discord.gg", false)]
    [InlineData("http://127.0.0.1:5000/api/v10", "ws://127.0.0.1:5000/gateway", true)]
    public void A_token_goes_unencrypted_only_where_all_is_unencrypted(string api, string gateway, bool may)
    {
        using var http = new HttpClient();

        var discord = new DiscordApi("token", new(api), http, TimeProvider.System);

        Assert.Equal(may, discord.MayHearToken(new(gateway)));
    }
}
