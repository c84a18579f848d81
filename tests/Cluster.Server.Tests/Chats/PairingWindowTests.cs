using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Simulator.Discord;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>Strangers who are given a code by the bot, and the owner who confirms it in the terminal.</summary>
public sealed class PairingWindowTests
{
    private const long Alice = 184;
    private const long Group = -1001;

    [Fact]
    public async Task A_stranger_gets_a_code_while_a_window_is_open_and_its_owner_confirms_who_it_is()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var home = Path.Combine(node.Folder, "home");
        await using var window = Programs.StartCluster(home, "pair", "--open", "10m");
        await window.LineWithAsync("Ctrl-C closes the window");

        team.Telegram.SendText(Alice, Alice, "hi, it is\nme");
        var told = await team.NextAsync(Alice);
        var shown = await window.LineWithAsync("telegram:184");
        var code = told.Text.Split(' ', '\n').First(word => word.Contains('-', StringComparison.Ordinal)).TrimEnd('.');
        await using var confirm = Programs.StartCluster(home, "pair", code);
        await confirm.WriteLineAsync("y");
        var confirmed = await confirm.LineWithAsync("speaks as");
        var paired = await team.NextAsync(Alice);
        team.Telegram.SendText(Alice, Alice, "and now?");
        var arrived = await client.NextAsync();

        Assert.Contains("writes: “hi, it is me”", shown);
        Assert.Contains("telegram:184 (“", confirmed);
        Assert.Contains("admin now", confirmed);
        Assert.Contains("You are paired", paired.Text);
        Assert.Equal(("and now?", "owner"), (ChatTeam.Content(arrived), ChatTeam.Meta(arrived, "trust")));
    }

    [Fact]
    public async Task A_person_who_says_no_links_nobody()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        var home = Path.Combine(node.Folder, "home");
        var code = await AskAsync(node, team);

        await using var confirm = Programs.StartCluster(home, "pair", code);
        await confirm.WriteLineAsync("");
        var exit = await confirm.ExitAsync();

        Assert.Equal(1, exit);
        Assert.Contains("Nothing was linked", confirm.Errors);
        using var api = node.Api();
        Assert.DoesNotContain((await api.GetFromJsonAsync("/api/identities", ApiJson.Default.IReadOnlyListIdentityInfo))!, one => one.Identity == "telegram:184");
    }

    [Fact]
    public async Task A_waiting_command_that_is_stopped_closes_the_window_and_strangers_get_silence_again()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var window = Programs.StartCluster(Path.Combine(node.Folder, "home"), "pair", "--open", "60");
        await window.LineWithAsync("Ctrl-C closes the window");
        team.Telegram.SendText(Alice, Alice, "hello");
        await team.NextAsync(Alice);

        await window.SignalAsync("TERM");
        await window.LineWithAsync("The window is closed");
        team.Telegram.SendText(Alice, Alice, "hello?");
        await team.Telegram.AcknowledgedAsync(ChatTeam.Patience);

        Assert.Single(team.Telegram.Messages(Alice));
    }

    [Fact]
    public async Task Only_what_a_stranger_writes_themselves_in_a_direct_chat_is_answered_and_once()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        const long Mallory = 666;
        var before = team.Telegram.SendText(Mallory, Mallory, "hello");
        await team.Telegram.AcknowledgedAsync(ChatTeam.Patience);
        await AskAsync(node, team);

        team.Telegram.SendText(Alice, Alice, "hello?");
        team.Telegram.Edit(Mallory, before, "edited");
        team.Telegram.SendText(Mallory, Group, $"@{Simulator.Telegram.TelegramSimulator.BotName} hello");
        team.Telegram.Forward(Mallory, Mallory, "forwarded");
        team.Telegram.SendAsBot(77, 77, "hello");
        await team.Telegram.AcknowledgedAsync(ChatTeam.Patience);
        using var api = node.Api();
        var window = await api.GetFromJsonAsync("/api/pairings/window", ApiJson.Default.PairingWindow);

        Assert.Equal("telegram:184", Assert.Single(window!.Requests).Identity);
        Assert.Single(team.Telegram.Messages(Alice));
        Assert.Empty(team.Telegram.Messages(Mallory));
        Assert.Empty(team.Telegram.Messages(Group));
    }

    [Fact]
    public async Task A_stranger_at_Discord_gets_a_code_too()
    {
        await using var node = await NodeHost.StartAsync();
        await using var discord = new DiscordSimulator();
        await discord.StartAsync();
        using var api = node.Api();
        using var added = await api.PostAsJsonAsync(
            "/api/bots", new AddBot { Name = "team", Platform = "discord", Token = discord.Token, BaseUrl = discord.Api.ToString() }, ApiJson.Default.AddBot);
        Assert.True((await discord.Gateway.Visits.ReadAsync(ChatTeam.Patience)).LetIn);
        await OpenAsync(api);
        var (alice, direct) = (discord.Person("Alice"), discord.DirectChat());

        discord.Write(direct, alice, "hello");
        var told = await discord.Sent.Messages.ReadAsync(ChatTeam.Patience);
        using var confirmed = await ConfirmAsync(api, told.Content.Split('`')[1], $"discord:{alice.Id}");
        var paired = await discord.Sent.Messages.ReadAsync(ChatTeam.Patience);

        Assert.True((await confirmed.Content.ReadFromJsonAsync(ApiJson.Default.ConfirmedPairing))!.Linked);
        Assert.Contains("You are paired", paired.Content);
    }

    [Fact]
    public async Task Without_a_bot_a_window_or_a_right_code_the_refusal_says_what_to_do()
    {
        await using var node = await NodeHost.StartAsync();
        using var api = node.Api();
        using var noBot = await api.PostAsJsonAsync("/api/pairings/window", new OpenPairings { Minutes = 5 }, ApiJson.Default.OpenPairings);
        await using var team = await ChatTeam.StartAsync(node);

        using var tooLong = await api.PostAsJsonAsync("/api/pairings/window", new OpenPairings { Minutes = 61 }, ApiJson.Default.OpenPairings);
        using var none = await api.GetAsync("/api/pairings/window");
        using var closed = await ConfirmAsync(api, "2222-2222222222", null);
        await OpenAsync(api);
        using var wrong = await ConfirmAsync(api, "2222-2222222222", null);
        using var nonsense = await ConfirmAsync(api, "nonsense", null);

        Assert.Equal(
            (HttpStatusCode.Conflict, HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.Conflict),
            (noBot.StatusCode, tooLong.StatusCode, none.StatusCode, closed.StatusCode));
        Assert.Contains("cluster pair --open", await closed.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NotFound, wrong.StatusCode);
        Assert.Equal(await wrong.Content.ReadFromJsonAsync(ApiJson.Default.Problem) is { Detail: var said } ? said : "", (await nonsense.Content.ReadFromJsonAsync(ApiJson.Default.Problem))!.Detail);
    }

    private static async Task<string> AskAsync(NodeHost node, ChatTeam team)
    {
        using var api = node.Api();
        await OpenAsync(api);
        team.Telegram.SendText(Alice, Alice, "hello");
        return (await team.NextAsync(Alice)).Text.Split(' ', '\n').First(word => word.Contains('-', StringComparison.Ordinal)).TrimEnd('.');
    }

    private static async Task OpenAsync(HttpClient api)
    {
        using var opened = await api.PostAsJsonAsync("/api/pairings/window", new OpenPairings { Minutes = 10 }, ApiJson.Default.OpenPairings);
        Assert.True(opened.IsSuccessStatusCode, await opened.Content.ReadAsStringAsync());
    }

    private static Task<HttpResponseMessage> ConfirmAsync(HttpClient api, string code, string? identity) =>
        api.PostAsJsonAsync("/api/pairings/confirm", new ConfirmPairing { Code = code, Identity = identity }, ApiJson.Default.ConfirmPairing);
}
