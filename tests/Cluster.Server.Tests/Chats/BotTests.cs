using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Simulator.Telegram;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>Bots as their admin sees them, and what happens when the node that serves one dies.</summary>
public sealed class BotTests
{
    private const long Alice = 184;

    [Fact]
    public async Task A_wrong_token_is_refused_in_plain_words_and_shown_nowhere()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);

        using var wrong = await team.AddAsync(node, "other", "7001:not_the_right-token-at-all");
        using var twice = await team.AddAsync(node, "other");
        using var byBob = await team.AddAsync(node, "bobs", adminToken: await node.InviteAsync("bob"));

        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("token", await wrong.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, byBob.StatusCode);
        Assert.DoesNotContain("not_the_right", await wrong.Content.ReadAsStringAsync() + await node.WholeLogAsync());
        Assert.DoesNotContain(TelegramSimulator.Token, await node.WholeLogAsync());
    }

    [Fact]
    public async Task What_keeps_a_bot_from_working_is_told_with_what_to_do()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await UntilAsync(node, bot => bot.HeardAt is not null && bot.Problem is null);

        team.Telegram.Revoke();
        team.Telegram.SendText(Alice, Alice, "wakes the poll");
        var broken = await UntilAsync(node, bot => bot.Problem is not null);

        Assert.Contains("token", broken.Problem);
        Assert.DoesNotContain(TelegramSimulator.Token, broken.Problem + await node.WholeLogAsync());
    }

    [Fact]
    public async Task A_platform_that_turns_messages_away_is_told_with_the_time_until_when()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await team.PairAsync(node, Alice);
        team.Telegram.LimitNext("sendMessage", 30);

        team.Telegram.SendText(Alice, Alice, "/who");
        var limited = await UntilAsync(node, bot => bot.LimitedUntil is not null);
        await using var doctor = Programs.StartCluster(Path.Combine(node.Folder, "home"), "doctor");
        var check = await doctor.LineWithAsync("bot team");

        Assert.InRange(limited.LimitedUntil!.Value - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(31));
        Assert.Contains("rate limited by its platform until", check);
    }

    [Fact]
    public async Task The_command_line_adds_a_bot_and_pairs_with_it()
    {
        await using var node = await NodeHost.StartAsync();
        await using var telegram = new TelegramSimulator();
        await telegram.StartAsync();
        var home = Path.Combine(node.Folder, "home");
        var file = Path.Combine(node.Folder, "bot-token");
        await File.WriteAllTextAsync(file, TelegramSimulator.Token + "\n");

        await using var add = Programs.StartCluster(home, "bot", "add", "telegram", "team", "--token-file", file, "--base-url", telegram.Url.ToString());
        Assert.Contains($"@{TelegramSimulator.BotName}", await add.LineWithAsync("Bot team is"));
        await using var pair = Programs.StartCluster(home, "pair");
        var code = (await pair.LineWithAsync("Your code:"))["Your code:".Length..].Trim();
        telegram.SendText(Alice, Alice, $"/start {code}");
        var paired = await pair.LineWithAsync("Paired with");
        await using var identities = Programs.StartCluster(home, "identities");
        var listed = await identities.LineWithAsync("telegram:184");
        await using var doctor = Programs.StartCluster(home, "doctor");
        var check = await doctor.LineWithAsync("bot team");

        Assert.Contains("telegram:184", paired);
        Assert.Contains("admin", listed);
        Assert.Contains("works", check);
    }

    [Fact]
    public async Task A_simulated_bot_of_an_earlier_start_is_left_alone_and_says_how_it_works_again()
    {
        await using var node = await NodeHost.StartAsync();
        await using var telegram = new TelegramSimulator(); // whoever listens where the simulated one did
        await telegram.StartAsync();
        using var api = node.Api();
        using var added = await api.PostAsJsonAsync(
            "/api/bots",
            new AddBot { Name = "sim", Platform = "telegram", Token = TelegramSimulator.Token, BaseUrl = telegram.Url.ToString() },
            ApiJson.Default.AddBot);
        await telegram.NextCallAsync("getMe", ChatTeam.Patience);

        await using var team = await DiscordTeam.StartAsync(node); // bots that were there before began before it
        var simulated = await UntilAsync(node, bot => bot.Name == "sim");
        var asked = telegram.NextCallAsync("getMe", ChatTeam.Patience);

        Assert.Contains("Start the node with --simulate telegram", simulated.Problem);
        Assert.Null(simulated.Node);
        Assert.False(asked.IsCompleted);
    }

    [Fact]
    public async Task Another_node_takes_a_bot_over_and_nothing_is_lost_or_told_twice()
    {
        await using var cluster = await ClusterHost.StartAsync(2);
        await using var team = await ChatTeam.StartAsync(cluster[0]);
        await team.PairAsync(cluster[0], Alice);
        var holder = (await UntilAsync(cluster[0], bot => bot.Node is not null)).Node!;
        var (dies, lives) = holder == "node-1" ? (cluster[0], cluster[1]) : (cluster[1], cluster[0]);
        await using var client = await HttpMcpClient.AttachAsync(lives.Url, cluster.AdminToken, "api");
        team.Telegram.SendText(Alice, Alice, "before");
        Assert.Equal("before", ChatTeam.Content(await client.NextAsync()));

        await dies.StopAsync();
        team.Telegram.SendText(Alice, Alice, "meanwhile");
        var meanwhile = await client.NextAsync(40);
        await client.CallAsync("reply", new() { ["chat_id"] = ChatTeam.Meta(meanwhile, "chat_id"), ["text"] = "here" });

        Assert.Equal("meanwhile", ChatTeam.Content(meanwhile));
        Assert.Equal("here", (await team.NextAsync(Alice)).Text);
        Assert.False(client.TryNext(out _));
    }

    private static async Task<BotInfo> UntilAsync(NodeHost node, Func<BotInfo, bool> holds)
    {
        using var api = node.Api();
        var patience = ChatTeam.Patience;
        while (true)
        {
            var bots = await api.GetFromJsonAsync("/api/bots", ApiJson.Default.IReadOnlyListBotInfo, patience);
            if (bots!.FirstOrDefault(holds) is { } found)
            {
                return found;
            }
        }
    }
}
