using System.Text.Json.Nodes;
using Cluster.Simulator.Discord;

namespace Cluster.Server.Tests.Chats;

/// <summary>The table's actors at Discord. A webhook writes in the owner's name where Telegram has a channel; reactions, which the bot does
/// not ask for, are told all the same.</summary>
internal sealed class DiscordVerdictTeller : VerdictTeller
{
    private const string Guild = "700000000000000001";

    private readonly DiscordSimulator _discord;
    private readonly Dictionary<string, (DiscordPerson Who, DiscordChannel Direct)> _people;
    private readonly DiscordPerson _stranger;
    private readonly DiscordChannel _group;
    private readonly List<SentMessage> _seen = [];

    public DiscordVerdictTeller(DiscordSimulator discord)
    {
        _discord = discord;
        _people = People.ToDictionary(actor => actor, _ => (discord.Person("Alice"), discord.DirectChat()));
        _stranger = discord.Person("Alice");
        _group = discord.GuildChannel();
    }

    public override string IdentityOf(string actor) => $"discord:{_people[actor].Who.Id}";

    public override void Say(string actor, string text) => _discord.Write(_people[actor].Direct, _people[actor].Who, text);

    public override async Task<string> AnsweredAsync(string actor, string words)
    {
        while (true)
        {
            if (_seen.Find(one => one.Channel == _people[actor].Direct.Id && one.Content.Contains(words, StringComparison.Ordinal)) is { } found)
            {
                _seen.Remove(found);
                return found.Id;
            }

            _seen.Add(await _discord.Sent.Messages.ReadAsync(ChatTeam.Patience));
        }
    }

    public override async Task BackAsync() => Assert.True((await _discord.Gateway.Visits.ReadAsync(ChatTeam.Patience)).LetIn); // before that, nothing is told

    public override ValueTask DisposeAsync() => _discord.DisposeAsync();

    protected override void TellPress(string actor, string message, string data)
    {
        var press = new JsonObject
        {
            ["id"] = $"{NextId()}",
            ["application_id"] = _discord.Bot.Id,
            ["type"] = 3,
            ["token"] = "made-up",
            ["version"] = 1,
            ["channel_id"] = Channel(actor),
            ["data"] = new JsonObject { ["component_type"] = 2, ["custom_id"] = data },
            ["message"] = new JsonObject { ["id"] = message, ["channel_id"] = Channel(actor) },
            ["context"] = InGroup(actor) ? 0 : 1,
        };
        var user = Author(actor is "channel" or "forward" ? "" : actor);
        Tell("INTERACTION_CREATE", InGroup(actor)
            ? With(With(press, "guild_id", Guild), "member", new JsonObject { ["user"] = user })
            : With(press, "user", user));
    }

    protected override void TellMessage(string actor, string text, string? answers, bool edited)
    {
        var message = new JsonObject
        {
            ["id"] = $"{NextId()}",
            ["channel_id"] = Channel(actor),
            ["author"] = Author(actor),
            ["content"] = InGroup(actor) ? $"<@{_discord.Bot.Id}> {text}" : text,
            ["edited_timestamp"] = edited ? "2026-01-02T03:04:59.000000+00:00" : null,
            ["mentions"] = InGroup(actor) ? new JsonArray(Author("this bot")) : [],
            ["attachments"] = new JsonArray(),
            ["type"] = answers is null ? 0 : 19,
        };
        if (InGroup(actor))
        {
            message["guild_id"] = Guild;
        }

        if (actor == "channel")
        {
            message["webhook_id"] = "700000000000000002";
        }

        if (answers is not null || actor == "forward")
        {
            message["message_reference"] = new JsonObject
            {
                ["type"] = actor == "forward" ? 1 : 0,
                ["channel_id"] = Channel(actor),
                ["message_id"] = answers ?? $"{NextId()}",
            };
        }

        if (answers is not null)
        {
            message["referenced_message"] = new JsonObject { ["id"] = answers, ["channel_id"] = Channel(actor), ["author"] = Author("this bot"), ["content"] = "" };
        }

        Tell(edited ? "MESSAGE_UPDATE" : "MESSAGE_CREATE", message);
    }

    protected override void TellReaction(string actor, string message) => Tell("MESSAGE_REACTION_ADD", new JsonObject
    {
        ["user_id"] = Author(actor)["id"]!.DeepClone(),
        ["channel_id"] = Channel(actor),
        ["message_id"] = message,
        ["emoji"] = new JsonObject { ["id"] = null, ["name"] = "👍" },
    });

    private void Tell(string type, JsonObject what) =>
        _discord.Gateway.TellRaw($$"""{"op":0,"t":"{{type}}","s":SEQ,"d":{{what.ToJsonString()}}}""");

    private JsonObject Author(string actor)
    {
        var (id, bot) = actor switch
        {
            "this bot" => (_discord.Bot.Id, true),
            "bot" => ("800000000000000009", true),
            "channel" or "forward" => (_people["owner"].Who.Id, false),
            _ => (_people.TryGetValue(actor, out var one) ? one.Who.Id : _stranger.Id, false),
        };
        return new JsonObject { ["id"] = id, ["username"] = "Alice", ["discriminator"] = "0", ["bot"] = bot };
    }

    private string Channel(string actor) => InGroup(actor) ? _group.Id : _people[actor == "forward" ? "owner" : actor].Direct.Id;
}
