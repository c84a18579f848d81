using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Simulator.Discord;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>A simulated Discord, and what an admin and people do so that a node owns a bot there and knows them.</summary>
internal sealed class DiscordTeam : IAsyncDisposable
{
    private const int Ephemeral = 1 << 6;

    public DiscordSimulator Discord { get; } = new();

    /// <summary>Returns once the bot hears, and its commands are in the menu.</summary>
    public static async Task<DiscordTeam> StartAsync(NodeHost node)
    {
        var team = new DiscordTeam();
        await team.Discord.StartAsync();
        using var added = await team.AddAsync(node, team.Discord.Token);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        Assert.True((await team.Discord.Gateway.Visits.ReadAsync(ChatTeam.Patience)).LetIn); // before that, nothing is told
        await team.Discord.Sent.Menus.ReadAsync(ChatTeam.Patience);
        return team;
    }

    public async Task<HttpResponseMessage> AddAsync(NodeHost node, string token, string name = ChatTeam.Bot)
    {
        using var api = node.Api();
        return await api.PostAsJsonAsync(
            "/api/bots", new AddBot { Name = name, Platform = "discord", Token = token, BaseUrl = Discord.Api.ToString() }, ApiJson.Default.AddBot);
    }

    /// <summary>Somebody new sends the code of their own terminal.</summary>
    public async Task<(DiscordPerson Person, DiscordChannel Direct)> PairAsync(NodeHost node, string name, string? token = null)
    {
        var (person, direct) = (Discord.Person(name), Discord.DirectChat());
        Discord.Write(direct, person, await ChatTeam.CodeAsync(node, token));
        Assert.Contains("You are paired", (await NextAsync()).Content);
        return (person, direct);
    }

    public async Task<SentMessage> NextAsync() => await Discord.Sent.Messages.ReadAsync(ChatTeam.Patience);

    /// <summary>Chooses a command and waits for what only that person sees.</summary>
    public async Task<string> UseAsync(DiscordChannel channel, DiscordPerson person, string command, params (string Name, string Value)[] arguments)
    {
        var used = Discord.Use(channel, person, command, arguments);
        var answer = await Discord.Sent.Answers.ReadAsync(ChatTeam.Patience);
        Assert.Equal((used.Split('/')[0], Ephemeral), (answer.Interaction, answer.Flags & Ephemeral));
        return answer.Content;
    }

    /// <summary>Writes a session's name and waits for the suggestions.</summary>
    public async Task<IReadOnlyList<(string Name, string Value)>> TypeAsync(DiscordChannel channel, DiscordPerson person, string command, string typed)
    {
        Discord.Type(channel, person, command, "session", typed);
        return (await Discord.Sent.Choices.ReadAsync(ChatTeam.Patience)).Choices;
    }

    /// <summary>Returns once everything that was told before is dealt with: a batch is begun only after the one before it.</summary>
    public async Task SettleAsync(DiscordChannel channel, DiscordPerson person)
    {
        await UseAsync(channel, person, "who");
        await UseAsync(channel, person, "who");
    }

    public string Mention(string text) => $"<@{Discord.Bot.Id}> {text}";

    public ValueTask DisposeAsync() => Discord.DisposeAsync();
}
