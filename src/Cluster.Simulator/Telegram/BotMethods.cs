using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Simulator.Telegram;

/// <summary>The methods of the Bot API by which a bot acts, on requests whose shape was checked.</summary>
internal sealed class BotMethods(World world, RateLimits limits, Happenings happenings)
{
    private const int TextLimit = 4096;
    private const int ButtonLimit = 64;
    private const int PressTextLimit = 200;

    // Telegram Bot API: ReactionTypeEmoji.
    private static readonly HashSet<string> Reactions =
    [
        .. ("👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 "
            + "🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡").Split(' '),
    ];

    /// <summary>Whether the stated limits are enforced.</summary>
    public bool RateLimited { get; set; }

    /// <summary>How often the bot asked for more than they let through.</summary>
    public int TooMany => limits.TooMany;

    /// <summary>Sends files and hands them out.</summary>
    public FileMethods Files => field ??= new FileMethods(world, this, happenings);

    /// <param name="method">Its name.</param>
    /// <param name="request">Its parameters.</param>
    /// <param name="files">What came with them.</param>
    /// <exception cref="RefusedException">With the words of the real one.</exception>
    public Answer Call(string method, JsonElement request, IReadOnlyDictionary<string, SimulatedFile> files)
    {
        lock (world.Lock)
        {
            return method switch
            {
                "getMe" => new Answer(200, world.Bot()),
                "sendMessage" => Send(request),
                "editMessageText" => Edit(request),
                "answerCallbackQuery" => AnswerPress(request),
                "setMessageReaction" => React(request),
                "sendChatAction" => ShowTyping(request),
                "getFile" => Files.Get(request),
                "sendPhoto" or "sendDocument" or "sendMediaGroup" => Files.Send(method, request, files),
                _ => throw new RefusedException(404, "Not Found"),
            };
        }
    }

    /// <summary>Where a request wants to write, and what it answers.</summary>
    internal readonly record struct Destination(World.Chat Chat, long? Thread, JsonObject? Answered);

    /// <exception cref="RefusedException">The bot may not write there.</exception>
    internal Destination Address(JsonElement request)
    {
        var chat = world.Reach(Long(request, "chat_id")!.Value);
        var thread = Long(request, "message_thread_id");
        if (thread is { } topic && !chat.Threads.Contains(topic))
        {
            throw RefusedException.Bad("message thread not found");
        }

        JsonObject? answered = null;
        if (request.TryGetProperty("reply_parameters", out var reply))
        {
            answered = world.Find(chat.Id, Long(reply, "message_id")!.Value);
            if (answered is null && !True(reply, "allow_sending_without_reply"))
            {
                throw RefusedException.Bad("message to be replied not found");
            }
        }

        return new(chat, thread, answered);
    }

    /// <exception cref="RefusedException">Too many.</exception>
    internal void Count(long chat, int messages)
    {
        if (RateLimited)
        {
            limits.Count(chat, messages);
        }
    }

    /// <summary>A message of the bot without its contents.</summary>
    internal JsonObject Write(Destination to)
    {
        var message = world.Write(to.Chat, world.Bot(), to.Thread);
        if (to.Answered is not null)
        {
            message["reply_to_message"] = World.Copy(to.Answered);
        }

        return message;
    }

    /// <summary>The same as people see it.</summary>
    internal static SimulatedMessage Shown(Destination to, JsonObject message, JsonElement request) => new()
    {
        Id = message["message_id"]!.GetValue<long>(),
        ChatId = to.Chat.Id,
        ThreadId = to.Thread,
        Text = "",
        Source = "",
        ReplyTo = to.Answered?["message_id"]!.GetValue<long>(),
        Silent = True(request, "disable_notification"),
    };

    private Answer Send(JsonElement request)
    {
        var to = Address(request);
        var text = TextOf(request);
        var buttons = ButtonsOf(request);
        Count(to.Chat.Id, 1);
        var message = Write(to);
        message["text"] = text;
        var shown = Shown(to, message, request) with
        {
            Text = text,
            Source = request.GetProperty("text").GetString()!,
            ParseMode = String(request, "parse_mode"),
            Buttons = buttons,
        };
        world.Show(shown);
        happenings.Messages.Put(to.Chat.Id, shown);
        return new Answer(200, message.DeepClone());
    }

    private Answer Edit(JsonElement request)
    {
        var chat = world.Reach(Long(request, "chat_id")!.Value);
        var id = Long(request, "message_id")!.Value;
        var message = world.Find(chat.Id, id) ?? throw RefusedException.Bad("message to edit not found");
        var before = world.Shown(chat.Id, id) ?? throw RefusedException.Bad("message can't be edited");
        var after = before with
        {
            Text = TextOf(request),
            Source = request.GetProperty("text").GetString()!,
            ParseMode = String(request, "parse_mode"),
            Buttons = ButtonsOf(request),
            Edited = true,
        };
        if (after.Source == before.Source && after.ParseMode == before.ParseMode && after.Buttons.SequenceEqual(before.Buttons))
        {
            throw RefusedException.Bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message");
        }

        Count(chat.Id, 1);
        message["text"] = after.Text;
        world.Show(after);
        happenings.Edits.Put(chat.Id, after);
        return new Answer(200, message.DeepClone());
    }

    private Answer AnswerPress(JsonElement request)
    {
        var id = String(request, "callback_query_id")!;
        if (!world.Presses.Contains(id))
        {
            throw RefusedException.Bad("query is too old and response timeout expired or query ID is invalid");
        }

        var text = String(request, "text") ?? "";
        if (text.Length > PressTextLimit)
        {
            throw RefusedException.Bad("MESSAGE_TOO_LONG");
        }

        happenings.PressAnswers.Put(id, new SimulatedPressAnswer(text, True(request, "show_alert")));
        return Answer.True;
    }

    private Answer React(JsonElement request)
    {
        var chat = world.Reach(Long(request, "chat_id")!.Value);
        var id = Long(request, "message_id")!.Value;
        if (world.Find(chat.Id, id) is null)
        {
            throw RefusedException.Bad("message to react not found");
        }

        var emoji = request.TryGetProperty("reaction", out var list) ? list.EnumerateArray().Select(one => String(one, "emoji")!).ToList() : [];
        if (emoji.Count > 1 || emoji.Any(one => !Reactions.Contains(one)))
        {
            throw RefusedException.Bad(emoji.Count > 1 ? "REACTIONS_TOO_MANY" : "REACTION_INVALID");
        }

        world.React(chat.Id, id, emoji.FirstOrDefault());
        happenings.Reactions.Put(chat.Id, new SimulatedReaction(id, emoji.FirstOrDefault()));
        return Answer.True;
    }

    private Answer ShowTyping(JsonElement request)
    {
        var chat = world.Reach(Long(request, "chat_id")!.Value);
        if (String(request, "action") != "typing")
        {
            throw RefusedException.Bad("wrong parameter action in request");
        }

        happenings.Typing.Put(chat.Id, Long(request, "message_thread_id"));
        return Answer.True;
    }

    private static string TextOf(JsonElement request)
    {
        var source = request.GetProperty("text").GetString()!;
        var text = String(request, "parse_mode") switch
        {
            null => source,
            "HTML" => HtmlText.Strip(source),
            _ => throw RefusedException.Bad("unsupported parse_mode"),
        };
        if (string.IsNullOrWhiteSpace(text))
        {
            throw RefusedException.Bad(source.Length == 0 ? "message text is empty" : "text must be non-empty");
        }

        return text.Length > TextLimit ? throw RefusedException.Bad("message is too long") : text;
    }

    private static List<SimulatedButton> ButtonsOf(JsonElement request)
    {
        var buttons = request.TryGetProperty("reply_markup", out var markup)
            ? markup.GetProperty("inline_keyboard").EnumerateArray().SelectMany(row => row.EnumerateArray())
                .Select(button => new SimulatedButton(String(button, "text")!, String(button, "callback_data")!)).ToList()
            : [];
        if (buttons.Any(button => Encoding.UTF8.GetByteCount(button.Data) is 0 or > ButtonLimit))
        {
            throw RefusedException.Bad("BUTTON_DATA_INVALID");
        }

        return buttons.Any(button => string.IsNullOrWhiteSpace(button.Label))
            ? throw RefusedException.Bad("can't parse inline keyboard button: Text must be non-empty")
            : buttons;
    }

    private static long? Long(JsonElement request, string name) => request.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    private static string? String(JsonElement request, string name) => request.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static bool True(JsonElement request, string name) => request.TryGetProperty(name, out var value) && value.GetBoolean();
}
