using System.Text.Json.Nodes;
using Cluster.Simulator.Telegram;

namespace Cluster.Server.Tests.Chats;

/// <summary>The table's actors at Telegram. Every update is made by hand: also what Telegram would not tell this bot.</summary>
internal sealed class TelegramVerdictTeller(ChatTeam team) : VerdictTeller
{
    private const long Group = -1001;
    private const long Channel = -1002;
    private const long Stranger = 667;

    private readonly Dictionary<string, long> _people = People.Select((actor, at) => (actor, at)).ToDictionary(one => one.actor, one => 300L + one.at);

    public override string IdentityOf(string actor) => $"telegram:{_people[actor]}";

    public override void Say(string actor, string text) => team.Telegram.SendText(_people[actor], _people[actor], text);

    public override async Task<string> AnsweredAsync(string actor, string words)
    {
        while (true)
        {
            if (await team.NextAsync(_people[actor]) is var message && message.Text.Contains(words, StringComparison.Ordinal))
            {
                return $"{message.Id}";
            }
        }
    }

    public override Task BackAsync() => Task.CompletedTask; // Telegram keeps what nobody asks for

    public override ValueTask DisposeAsync() => team.DisposeAsync();

    protected override void TellPress(string actor, string message, string data) => Send("callback_query", new JsonObject
    {
        ["id"] = $"made-up-{NextId()}",
        ["from"] = From(actor is "channel" or "forward" ? "" : actor),
        ["message"] = Message(actor, long.Parse(message)),
        ["chat_instance"] = "1",
        ["data"] = data,
    });

    protected override void TellMessage(string actor, string text, string? answers, bool edited)
    {
        var message = Message(actor, NextId());
        if (InGroup(actor))
        {
            text = text[0] == '/' ? text.Replace("/allow", $"/allow@{TelegramSimulator.BotName}") : $"@{TelegramSimulator.BotName} {text}";
        }

        message["text"] = text;
        message["entities"] = text[0] is '/' or '@'
            ? new JsonArray(new JsonObject { ["type"] = text[0] == '/' ? "bot_command" : "mention", ["offset"] = 0, ["length"] = text.IndexOf(' ') })
            : [];
        if (answers is not null)
        {
            message["reply_to_message"] = With(Message(actor, long.Parse(answers)), "from", User(TelegramSimulator.BotId, "Bot", isBot: true));
        }

        if (edited)
        {
            message["edit_date"] = 2;
        }

        Send($"{(edited ? "edited_" : "")}{(actor == "channel" ? "channel_post" : "message")}", message);
    }

    protected override void TellReaction(string actor, string message) => Send("message_reaction", new JsonObject
    {
        ["chat"] = Chat(actor),
        ["message_id"] = long.Parse(message),
        [actor == "channel" ? "actor_chat" : "user"] = actor == "channel" ? Chat(actor) : From(actor),
        ["date"] = 1,
        ["old_reaction"] = new JsonArray(),
        ["new_reaction"] = new JsonArray(new JsonObject { ["type"] = "emoji", ["emoji"] = "👍" }),
    });

    private void Send(string kind, JsonObject what) =>
        team.Telegram.Send(id => new JsonObject { ["update_id"] = id, [kind] = what.DeepClone() }.ToJsonString());

    private JsonObject Message(string actor, long id)
    {
        var message = new JsonObject { ["message_id"] = id, ["date"] = 1, ["chat"] = Chat(actor) };
        return actor switch
        {
            "channel" => With(message, "sender_chat", Chat(actor)),
            // The owner passes on what another has written.
            "forward" => With(
                With(message, "from", From("owner")),
                "forward_origin", new JsonObject { ["type"] = "hidden_user", ["sender_user_name"] = "Another", ["date"] = 1 }),
            _ => With(message, "from", From(actor)),
        };
    }

    private JsonObject From(string actor) => actor == "bot"
        ? User(7777, "Another bot", isBot: true)
        : User(_people.GetValueOrDefault(actor == "forward" ? "owner" : actor, Stranger), "Alice");

    private JsonObject Chat(string actor) => actor switch
    {
        "channel" => new() { ["id"] = Channel, ["type"] = "channel", ["title"] = "News" },
        _ when InGroup(actor) => new() { ["id"] = Group, ["type"] = "supergroup", ["title"] = "Team" },
        _ => new() { ["id"] = _people[actor == "forward" ? "owner" : actor], ["type"] = "private", ["first_name"] = "Alice" },
    };

    // Telegram Bot API: User.
    private static JsonObject User(long id, string name, bool isBot = false) => new() { ["id"] = id, ["is_bot"] = isBot, ["first_name"] = name };
}
