using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Simulator.Discord;
using Cluster.Simulator.Telegram;
using Cluster.Storage.Engines;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Server.Tests.Chats;

/// <summary>A simulated Telegram, and what an admin and people do so that a node owns a bot there and knows them.</summary>
internal sealed class ChatTeam : IAsyncDisposable
{
    public const string Bot = "team";

    public const string Ask = "notifications/claude/channel/permission_request";

    public TelegramSimulator Telegram { get; } = new();

    /// <summary>Ends when nothing comes any more.</summary>
    public static CancellationToken Patience =>
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken, new CancellationTokenSource(TimeSpan.FromSeconds(40)).Token).Token;

    public static async Task<ChatTeam> StartAsync(NodeHost node)
    {
        var team = new ChatTeam();
        await team.Telegram.StartAsync();
        using var api = node.Api();
        using var added = await team.AddAsync(node);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        return team;
    }

    /// <summary>One bot of one platform at a node.</summary>
    public static async Task<DiscordSimulator> StartDiscordAsync(NodeHost node)
    {
        var discord = new DiscordSimulator();
        await discord.StartAsync();
        using var api = node.Api();
        using var added = await api.PostAsJsonAsync(
            "/api/bots", new AddBot { Name = Bot, Platform = "discord", Token = discord.Token, BaseUrl = discord.Api.ToString() }, ApiJson.Default.AddBot);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        Assert.True((await discord.Gateway.Visits.ReadAsync(Patience)).LetIn); // before that, nothing is told
        return discord;
    }

    /// <summary>Somebody at Discord sends the code of their own terminal.</summary>
    public static async Task<(DiscordPerson Who, DiscordChannel Direct)> PairAsync(NodeHost node, DiscordSimulator discord, string name, string? token = null)
    {
        var (who, direct) = (discord.Person(name), discord.DirectChat());
        discord.Write(direct, who, await CodeAsync(node, token));
        Assert.Contains("You are paired", (await discord.Sent.Messages.ReadAsync(Patience)).Content);
        return (who, direct);
    }

    public async Task<HttpResponseMessage> AddAsync(NodeHost node, string name = Bot, string token = TelegramSimulator.Token, string? adminToken = null)
    {
        using var api = node.Api(adminToken);
        return await api.PostAsJsonAsync(
            "/api/bots", new AddBot { Name = name, Platform = "telegram", Token = token, BaseUrl = Telegram.Url.ToString() }, ApiJson.Default.AddBot);
    }

    /// <summary>Somebody sends the code of their own terminal from their account.</summary>
    public async Task PairAsync(NodeHost node, long user, string? token = null)
    {
        Telegram.SendText(user, user, await CodeAsync(node, token));
        Assert.Contains("You are paired", (await NextAsync(user)).Text);
    }

    public static async Task<string> CodeAsync(NodeHost node, string? token = null)
    {
        using var api = node.Api(token);
        using var made = await api.PostAsync("/api/pairings", null);
        return (await made.Content.ReadFromJsonAsync(ApiJson.Default.NewPairing))!.Code;
    }

    /// <summary>The next message, past lines about what waits: a slow machine shows one where a fast one does not.</summary>
    public async Task<SimulatedMessage> NextAsync(long chat)
    {
        while (true)
        {
            if (await Telegram.NextMessageAsync(chat, Patience) is var message && !IsLine(message))
            {
                return message;
            }
        }
    }

    /// <summary>The next message that says that something waits.</summary>
    public async Task<SimulatedMessage> NextLineAsync(long chat)
    {
        while (true)
        {
            if (await Telegram.NextMessageAsync(chat, Patience) is var message && IsLine(message))
            {
                return message;
            }
        }
    }

    /// <summary>Waits until the node has written down which messages bring a request: an answer that overtakes that finds none.</summary>
    public static async Task RememberedAsync(NodeHost node, string requestId, int prompts)
    {
        var (engine, patience) = (node.Services.GetRequiredService<Engine>(), Patience);
        while (await engine.ReadAsync(
            db => db.NumberAsync(
                "SELECT COUNT(*) FROM chat_message m JOIN permission_request p ON p.id = m.request_id WHERE p.request_id = @id", ("@id", requestId)),
            patience) < prompts)
        {
            patience.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Waits until it is written down that somebody was sent all of a request.</summary>
    public static async Task ShownAsync(NodeHost node)
    {
        var (engine, patience) = (node.Services.GetRequiredService<Engine>(), Patience);
        while (await engine.ReadAsync(
            db => db.NumberAsync("SELECT COUNT(*) FROM outbox WHERE request_id IS NOT NULL AND kind = 'notice' AND state = 'sent'"), patience) == 0)
        {
            patience.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Waits for a reaction, past those before it.</summary>
    public async Task ReactsAsync(long chat, long message, string emoji)
    {
        while (await Telegram.NextReactionAsync(chat, Patience) != new SimulatedReaction(message, emoji))
        {
        }
    }

    public static string Meta(JsonObject notification, string key) => notification["params"]!["meta"]![key]!.GetValue<string>();

    public static string Content(JsonObject notification) => notification["params"]!["content"]!.GetValue<string>();

    public static JsonObject Request(string id, string preview = "{\"command\":\"rm -rf build\"}") =>
        new() { ["request_id"] = id, ["tool_name"] = "Bash", ["description"] = "Clean", ["input_preview"] = preview };

    private static bool IsLine(SimulatedMessage message) => message.Text.Contains("/cancel to take it back.", StringComparison.Ordinal);

    public ValueTask DisposeAsync() => Telegram.DisposeAsync();
}
