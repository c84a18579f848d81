using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Cluster.Simulator.Telegram;

// What people do. Positive chat ids are direct chats, negative ones groups; a chat comes to be when somebody acts in it.
public sealed partial class TelegramSimulator
{
    private readonly ConcurrentDictionary<long, string> _names = new();

    /// <summary>Gives somebody a name.</summary>
    public void Introduce(long userId, string name) => _names[userId] = name;

    /// <summary>Somebody writes.</summary>
    /// <param name="userId">Who.</param>
    /// <param name="chatId">The same as <paramref name="userId"/> for a direct chat.</param>
    /// <param name="text">Mentions and commands in it are found as Telegram finds them.</param>
    /// <param name="replyTo">The message that it answers.</param>
    /// <param name="threadId">The topic.</param>
    /// <param name="quote">The part of the other message that it answers.</param>
    /// <returns>The message's id.</returns>
    public long SendText(long userId, long chatId, string text, long? replyTo = null, long? threadId = null, string? quote = null) =>
        Tell("message", userId, chatId, threadId, message =>
        {
            SetText(message, text);
            if (replyTo is { } answered)
            {
                message["reply_to_message"] = World.Copy(_world.Find(chatId, answered)!);
            }

            if (quote is not null)
            {
                message["quote"] = new JsonObject { ["text"] = quote, ["position"] = 0 };
            }
        });

    /// <summary>Somebody changes what they wrote.</summary>
    public void Edit(long chatId, long messageId, string text)
    {
        lock (_world.Lock)
        {
            var message = _world.Find(chatId, messageId)!;
            SetText(message, text);
            message["edit_date"] = message["date"]!.GetValue<long>() + 1;
            Queue("edited_message", message);
        }
    }

    /// <summary>Somebody takes a message away.</summary>
    public void Delete(long chatId, long messageId)
    {
        lock (_world.Lock)
        {
            _world.Delete(chatId, messageId);
        }
    }

    /// <summary>Somebody presses a button under a message of the bot.</summary>
    /// <returns>The id by which the bot answers.</returns>
    public string Press(long userId, long chatId, long messageId, string label)
    {
        lock (_world.Lock)
        {
            return PressMadeUp(userId, chatId, messageId, _world.Shown(chatId, messageId)!.Buttons.First(button => button.Label == label).Data);
        }
    }

    /// <summary>Somebody presses a button, counted from 0.</summary>
    /// <returns>The id by which the bot answers.</returns>
    /// <exception cref="KeyNotFoundException">There is no such button any more.</exception>
    public string Press(long userId, long chatId, long messageId, int button)
    {
        lock (_world.Lock)
        {
            return PressMadeUp(
                userId,
                chatId,
                messageId,
                _world.Shown(chatId, messageId)?.Buttons.ElementAtOrDefault(button)?.Data
                    ?? throw new KeyNotFoundException($"Message {messageId} has no button {button}."));
        }
    }

    /// <summary>Somebody's program presses a button that never stood under this message, or not in this chat.</summary>
    /// <returns>The id by which the bot answers.</returns>
    public string PressMadeUp(long userId, long chatId, long messageId, string data)
    {
        lock (_world.Lock)
        {
            var pressId = string.Create(CultureInfo.InvariantCulture, $"press-{_world.Presses.Count + 1}");
            _world.Presses.Add(pressId);
            Queue("callback_query", new JsonObject
            {
                ["id"] = pressId,
                ["from"] = World.User(userId, Name(userId)),
                ["message"] = _world.Find(chatId, messageId)?.DeepClone()
                    ?? new JsonObject { ["message_id"] = messageId, ["date"] = 0, ["chat"] = _world.Open(chatId).ToJson() },
                ["chat_instance"] = "1",
                ["data"] = data,
            });
            return pressId;
        }
    }

    /// <summary>Somebody forwards what another wrote.</summary>
    public void Forward(long userId, long chatId, string text) => Tell("message", userId, chatId, null, message =>
    {
        SetText(message, text);
        message["forward_origin"] = new JsonObject { ["type"] = "hidden_user", ["sender_user_name"] = "Another", ["date"] = 1 };
    });

    /// <summary>Somebody sends what another bot offered inline.</summary>
    public void SendViaBot(long userId, long chatId, string text) => Tell("message", userId, chatId, null, message =>
    {
        SetText(message, text);
        message["via_bot"] = World.User(9999, "Inline", isBot: true);
    });

    /// <summary>An admin writes as the group itself.</summary>
    public void SendAsAnonymousAdmin(long chatId, string text) => Tell("message", 1087968824, chatId, null, message =>
    {
        SetText(message, text);
        message["from"] = World.User(1087968824, "Group", isBot: true);
        message["sender_chat"] = message["chat"]!.DeepClone();
    });

    /// <summary>Another bot writes.</summary>
    public void SendAsBot(long botId, long chatId, string text) => Tell("message", botId, chatId, null, message =>
    {
        SetText(message, text);
        message["from"] = World.User(botId, "Other", isBot: true);
    });

    /// <summary>Somebody comes into a group.</summary>
    public void Join(long userId, long chatId) => Tell("message", userId, chatId, null, message =>
        message["new_chat_members"] = new JsonArray(World.User(userId, Name(userId))));

    /// <summary>A channel's post.</summary>
    public void PostToChannel(long chatId, string text)
    {
        lock (_world.Lock)
        {
            var message = _world.Write(_world.Open(chatId, "channel"), null, null);
            message["sender_chat"] = message["chat"]!.DeepClone();
            SetText(message, text);
            Queue("channel_post", message);
        }
    }

    /// <summary>An update made by hand, whatever the bot asked for.</summary>
    /// <param name="json">Its text, given its id.</param>
    public void Send(Func<long, string> json) => _updates.Add("", json);

    /// <summary>Somebody blocks the bot.</summary>
    public void Block(long userId)
    {
        lock (_world.Lock)
        {
            _world.Closed[userId] = "bot was blocked by the user";
        }
    }

    /// <summary>Somebody removes the bot from a group.</summary>
    public void Kick(long chatId)
    {
        lock (_world.Lock)
        {
            _world.Closed[chatId] = "bot was kicked from the supergroup chat";
        }
    }

    private string Name(long userId) => _names.GetValueOrDefault(userId) ?? string.Create(CultureInfo.InvariantCulture, $"User {userId}");

    private static void SetCaption(JsonObject message, string? caption)
    {
        if (caption is not null)
        {
            message["caption"] = caption;
            message["caption_entities"] = World.EntitiesOf(caption);
        }
    }

    private static void SetText(JsonObject message, string text)
    {
        message["text"] = text;
        message["entities"] = World.EntitiesOf(text);
    }

    private long Tell(string kind, long userId, long chatId, long? threadId, Action<JsonObject> fill)
    {
        lock (_world.Lock)
        {
            var message = _world.Write(_world.Open(chatId), World.User(userId, Name(userId)), threadId);
            fill(message);
            Queue(kind, message);
            return message["message_id"]!.GetValue<long>();
        }
    }

    private void Queue(string kind, JsonObject what)
    {
        var text = what.ToJsonString();
        _updates.Add(kind, id => string.Create(CultureInfo.InvariantCulture, $$"""{"update_id":{{id}},"{{kind}}":{{text}}}"""));
    }
}
