using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Cluster.Simulator.Telegram;

/// <summary>The chats and what stands in them. Its owner holds <see cref="Lock"/> around every call.</summary>
internal sealed partial class World(long botId, string botName, TimeProvider clock, long lastMessage)
{
    private readonly Dictionary<long, Chat> _chats = [];
    private readonly Dictionary<(long Chat, long Message), JsonObject> _messages = [];
    private readonly Dictionary<(long Chat, long Message), SimulatedMessage> _ofBot = [];
    private readonly Dictionary<(long Chat, long Message), string> _reactions = [];
    private long _lastMessage = lastMessage;

    public Lock Lock { get; } = new();

    /// <summary>Chats that the bot may not write into any more, and why.</summary>
    public Dictionary<long, string> Closed { get; } = [];

    /// <summary>Presses that may still be answered.</summary>
    public HashSet<string> Presses { get; } = [];

    public static JsonObject User(long id, string name, bool isBot = false) =>
        new() { ["id"] = id, ["is_bot"] = isBot, ["first_name"] = name };

    public JsonObject Bot() => new()
    {
        ["id"] = botId,
        ["is_bot"] = true,
        ["first_name"] = botName,
        ["username"] = botName,
    };

    /// <summary>A chat comes to be when somebody acts in it: positive ids are people, negative ones groups.</summary>
    public Chat Open(long id, string type = "")
    {
        if (!_chats.TryGetValue(id, out var chat))
        {
            _chats[id] = chat = new Chat(id, type.Length > 0 ? type : id > 0 ? "private" : "supergroup");
        }

        return chat;
    }

    /// <exception cref="RefusedException">The bot may not write there.</exception>
    public Chat Reach(long id)
    {
        if (!_chats.TryGetValue(id, out var chat))
        {
            throw RefusedException.Bad("chat not found");
        }

        return Closed.TryGetValue(id, out var why) ? throw new RefusedException(403, $"Forbidden: {why}") : chat;
    }

    /// <summary>A new message, without its contents.</summary>
    public JsonObject Write(Chat chat, JsonObject? from, long? thread)
    {
        var message = new JsonObject
        {
            ["message_id"] = ++_lastMessage,
            ["date"] = clock.GetUtcNow().ToUnixTimeSeconds(),
            ["chat"] = chat.ToJson(),
        };
        if (from is not null)
        {
            message["from"] = from;
        }

        if (thread is { } topic)
        {
            chat.Threads.Add(topic);
            message["message_thread_id"] = topic;
            message["is_topic_message"] = true;
        }

        _messages[(chat.Id, _lastMessage)] = message;
        return message;
    }

    public JsonObject? Find(long chat, long message) => _messages.GetValueOrDefault((chat, message));

    /// <summary>All that stands in a chat, in order.</summary>
    public IEnumerable<JsonObject> Messages(long chat) => _messages.Where(one => one.Key.Chat == chat).OrderBy(one => one.Key.Message).Select(one => one.Value);

    /// <param name="chat">The chat.</param>
    /// <param name="message">The message.</param>
    /// <param name="emoji">Null takes the bot's reaction away.</param>
    public void React(long chat, long message, string? emoji)
    {
        if (emoji is null)
        {
            _reactions.Remove((chat, message));
        }
        else
        {
            _reactions[(chat, message)] = emoji;
        }
    }

    public string? ReactionUnder(long chat, long message) => _reactions.GetValueOrDefault((chat, message));

    public void Delete(long chat, long message)
    {
        _reactions.Remove((chat, message));
        _messages.Remove((chat, message));
        _ofBot.Remove((chat, message));
    }

    /// <summary>What a message shows to others that point at it.</summary>
    public static JsonObject Copy(JsonObject message)
    {
        var copy = message.DeepClone().AsObject();
        copy.Remove("reply_to_message");
        return copy;
    }

    public void Show(SimulatedMessage message) => _ofBot[(message.ChatId, message.Id)] = message;

    public SimulatedMessage? Shown(long chat, long message) => _ofBot.GetValueOrDefault((chat, message));

    public IReadOnlyList<SimulatedMessage> Shown(long chat) => [.. _ofBot.Values.Where(message => message.ChatId == chat).OrderBy(message => message.Id)];

    /// <summary>Finds what Telegram finds by itself in a text: mentions and commands, counted in UTF-16 units.</summary>
    public static JsonArray EntitiesOf(string text)
    {
        var entities = new JsonArray();
        foreach (var match in Marks().Matches(text).AsEnumerable())
        {
            entities.Add(new JsonObject
            {
                ["type"] = match.Value[0] == '@' ? "mention" : "bot_command",
                ["offset"] = match.Index,
                ["length"] = match.Length,
            });
        }

        return entities;
    }

    [GeneratedRegex(@"(?<![\w@/])(@[A-Za-z]\w{2,31}|/[A-Za-z0-9_]{1,64}(@[A-Za-z]\w{2,31})?)")]
    private static partial Regex Marks();

    internal sealed class Chat(long id, string type)
    {
        public long Id => id;

        public string Type => type;

        public HashSet<long> Threads { get; } = [];

        public JsonObject ToJson() => type == "private"
            ? new() { ["id"] = id, ["type"] = type, ["first_name"] = "Somebody" }
            : new() { ["id"] = id, ["type"] = type, ["title"] = "A group" };
    }
}
