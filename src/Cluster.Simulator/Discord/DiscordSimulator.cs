using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Cluster.Simulator.Discord;

/// <summary>Discord on a port of this machine: the REST API and the gateway of version 10 as far as a chat bot needs them, and the people who
/// write to it.</summary>
public sealed class DiscordSimulator : SimulatedPlatform
{
    internal const string ApiPath = "/api/v10/";

    private const string GatewayPath = "/gateway/";

    private readonly DiscordMessageStore _messages;
    private readonly DiscordBuckets _buckets;
    private readonly DiscordRest _rest;
    private readonly ConcurrentDictionary<string, DiscordChannel> _channels = new();

    /// <param name="clock">Measures heartbeats and limits.</param>
    public DiscordSimulator(TimeProvider? clock = null)
    {
        _messages = new(Bot, path => new Uri(Url, $"/attachments/{path}").ToString());
        _buckets = new(clock ?? TimeProvider.System);
        _rest = new(this, _messages, _buckets);
        Gateway = new(this, clock ?? TimeProvider.System);
        Interactions = new(this, clock ?? TimeProvider.System);
    }

    /// <summary>What the bot has to show.</summary>
    public string Token { get; private set; } = "simulated.discord.bot-token";

    public DiscordPerson Bot { get; } = new("900000000000000001", "cluster") { Bot = true };

    /// <summary>The application that the bot belongs to; its id is not the bot's.</summary>
    public string ApplicationId { get; } = "910000000000000001";

    /// <summary>Bit 19: the message content intent is on.</summary>
    public int ApplicationFlags { get; set; } = 1 << 19;

    public DiscordFaults Faults { get; } = new();

    /// <summary>What the bot did.</summary>
    public DiscordSent Sent { get; } = new();

    public DiscordGatewayEnd Gateway { get; }

    /// <summary>The base address that a bot is given.</summary>
    public Uri Api => new(Url, ApiPath);

    /// <summary>Calls of the API so far.</summary>
    public int Calls => _rest.Calls;

    /// <summary>Calls in five seconds for one route and channel; null for no limit.</summary>
    public int? RateLimit
    {
        get => _buckets.Limit;
        set => _buckets.Limit = value;
    }

    internal bool MayReadMessages => (ApplicationFlags & (3 << 18)) != 0;

    /// <summary>Somebody resets the token in the developer portal: what knew the old one is thrown out.</summary>
    public void Revoke()
    {
        Token = "simulated.discord.newer-token";
        Gateway.ForgetSessions();
        Gateway.Close(4004);
    }

    /// <summary>Somebody new.</summary>
    public DiscordPerson Person(string name) => new(_messages.NextId(), name);

    /// <summary>A new direct chat with the bot.</summary>
    public DiscordChannel DirectChat() => Add(new(_messages.NextId(), Guild: null));

    /// <summary>A new channel of a server.</summary>
    public DiscordChannel GuildChannel(string guild = "700000000000000001") => Add(new(_messages.NextId(), guild));

    /// <summary>Somebody writes.</summary>
    /// <returns>The message's id.</returns>
    public string Write(DiscordChannel channel, DiscordPerson author, string text, DiscordWriting? writing = null)
    {
        var message = _messages.Write(channel, author, text, writing ?? new());
        Tell("MESSAGE_CREATE", message);
        return (string)message["id"]!;
    }

    /// <summary>Somebody gives a message another text.</summary>
    /// <param name="message">The message's id.</param>
    /// <param name="text">The new text.</param>
    /// <param name="at">Null for an update that is no edit, such as a preview.</param>
    public void Edit(string message, string text, string? at = "2026-01-02T03:04:59.000000+00:00")
    {
        var changed = _messages.Change(message, it =>
        {
            it["content"] = text;
            it["edited_timestamp"] = at;
        });
        Tell("MESSAGE_UPDATE", changed!);
    }

    /// <summary>From now on a message is told in a form that no program knows.</summary>
    /// <param name="message">The message's id.</param>
    public void Garble(string message) => _messages.Change(message, it => it["author"] = 7);

    /// <summary>Somebody presses a button under a message of the bot.</summary>
    /// <returns>The interaction's id and token, with a slash between.</returns>
    public string Press(DiscordChannel channel, DiscordPerson person, string message, string customId) => Interactions.Begin(
        DiscordInteractionKind.Press, channel, person, new() { ["component_type"] = 2, ["custom_id"] = customId }, _messages.Find(message));

    /// <summary>Somebody chooses a command of the bot from the menu.</summary>
    /// <returns>As <see cref="Press"/>.</returns>
    public string Use(DiscordChannel channel, DiscordPerson person, string command, params (string Name, string Value)[] arguments) =>
        Interactions.Begin(DiscordInteractionKind.Command, channel, person, Interactions.Fill(command, arguments, focused: null));

    /// <summary>Somebody writes an argument of a command and is not done yet.</summary>
    /// <returns>As <see cref="Press"/>.</returns>
    public string Type(DiscordChannel channel, DiscordPerson person, string command, string argument, string typed) =>
        Interactions.Begin(DiscordInteractionKind.Completion, channel, person, Interactions.Fill(command, [(argument, typed)], focused: argument));

    internal DiscordChannel? FindChannel(string id) => _channels.GetValueOrDefault(id);

    internal DiscordInteractionsEnd Interactions { get; }

    internal string NextId() => _messages.NextId();

    internal DiscordChannel OpenThread(DiscordChannel parent) => Add(new(_messages.NextId(), parent.Guild) { Parent = parent.Id });

    internal void Tell(string type, JsonObject data) => Gateway.Tell(type, data);

    internal string GatewayUrl(string name) => new UriBuilder(new Uri(Url, GatewayPath + name)) { Scheme = "ws" }.Uri.ToString();

    internal JsonObject DescribeGateway() => new()
    {
        ["url"] = GatewayUrl("main"),
        ["shards"] = Gateway.Shards,
        ["session_start_limit"] = new JsonObject
        {
            ["total"] = 1000,
            ["remaining"] = Gateway.SessionStarts,
            ["reset_after"] = 86_400_000,
            ["max_concurrency"] = Gateway.MaxConcurrency,
        },
    };

    protected override void Map(WebApplication app)
    {
        app.UseWebSockets();
        app.Run(context =>
        {
            if (context.Request.Path.StartsWithSegments("/gateway"))
            {
                return Gateway.HandleAsync(context);
            }

            if (context.Request.Path.StartsWithSegments("/api/v10"))
            {
                return _rest.HandleAsync(context);
            }

            return context.Request.Path.StartsWithSegments("/attachments")
                ? HandOutAsync(context, context.Request.Path.Value!["/attachments/".Length..])
                : NotFound(context);
        });
    }

    /// <summary>As the CDN does, to whom nobody shows a token.</summary>
    private Task HandOutAsync(HttpContext context, string path)
    {
        var (channel, id, name) = path.Split('/') is [var first, var second, var third] ? (first, second, third) : ("", "", "");
        if (context.Request.Headers.Authorization.Count > 0 || _messages.FindFile($"{channel}/{id}/{Uri.EscapeDataString(name)}") is not { } file)
        {
            return NotFound(context);
        }

        return SimulatedFiles.ServeAsync(context, file.Content, Faults.NextFile());
    }

    private static Task NotFound(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }

    private DiscordChannel Add(DiscordChannel channel) => _channels[channel.Id] = channel;
}
