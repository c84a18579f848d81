using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Cluster.Simulator.Discord;

/// <summary>All messages of the simulated Discord, by id, as the API shows them.</summary>
internal sealed partial class DiscordMessageStore(DiscordPerson bot, Func<string, string> urlOf)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JsonObject> _messages = [];
    private readonly Dictionary<string, string> _nonces = [];
    private readonly Dictionary<string, DiscordFile> _files = [];
    private readonly Dictionary<string, DiscordPerson> _people = new() { [bot.Id] = bot };
    private ulong _lastId = 1_200_000_000_000_000_000;

    public string NextId() => $"{Interlocked.Increment(ref _lastId)}";

    public JsonObject Write(DiscordChannel channel, DiscordPerson author, string text, DiscordWriting writing)
    {
        lock (_lock)
        {
            _people[author.Id] = author;
            var message = new JsonObject
            {
                ["id"] = NextId(),
                ["channel_id"] = channel.Id,
                ["author"] = author.ToJson(),
                ["content"] = text,
                ["timestamp"] = "2026-01-02T03:04:05.678000+00:00",
                ["edited_timestamp"] = null,
                ["tts"] = false,
                ["mention_everyone"] = false,
                ["mentions"] = Mentions(text),
                ["mention_roles"] = new JsonArray(),
                ["attachments"] = new JsonArray([.. writing.Files.Select(file => Attachment(file, channel.Id))]),
                ["embeds"] = new JsonArray(),
                ["pinned"] = false,
                ["type"] = writing.ReplyTo is not null && !writing.Forwarded ? 19 : writing.Type,
            };
            if (channel.Guild is { } guild)
            {
                message["guild_id"] = guild;
            }

            if (writing.Stickers.Count > 0)
            {
                message["sticker_items"] = new JsonArray([.. writing.Stickers.Select(name =>
                    new JsonObject { ["id"] = "800000000000000001", ["name"] = name, ["format_type"] = 1 })]);
            }

            if (writing.Poll.Count > 0)
            {
                message["poll"] = Poll(writing.Poll);
            }

            if (writing.Webhook is { } webhook)
            {
                message["webhook_id"] = webhook;
            }

            if (writing.ReplyTo is { } first)
            {
                message["message_reference"] = new JsonObject
                {
                    ["type"] = writing.Forwarded ? 1 : 0,
                    ["channel_id"] = channel.Id,
                    ["message_id"] = first,
                };
                if (!writing.Forwarded)
                {
                    message["referenced_message"] = _messages.GetValueOrDefault(first)?.DeepClone();
                }
            }

            _messages[(string)message["id"]!] = message;
            return (JsonObject)message.DeepClone();
        }
    }

    /// <summary>Null for a message that is not there.</summary>
    public JsonObject? Change(string id, Action<JsonObject> change)
    {
        lock (_lock)
        {
            if (!_messages.TryGetValue(id, out var message))
            {
                return null;
            }

            change(message);
            message["mentions"] = Mentions((string)message["content"]!);
            return (JsonObject)message.DeepClone();
        }
    }

    public JsonObject? Find(string id)
    {
        lock (_lock)
        {
            return (JsonObject?)_messages.GetValueOrDefault(id)?.DeepClone();
        }
    }

    /// <summary>The oldest of those that came after one, the newest first, as they are shown by themselves.</summary>
    public JsonArray After(string channel, ulong message, int limit)
    {
        lock (_lock)
        {
            var page = _messages.Values
                .Where(it => (string)it["channel_id"]! == channel && ulong.Parse((string)it["id"]!) > message)
                .OrderBy(it => ulong.Parse((string)it["id"]!))
                .Take(limit)
                .Reverse()
                .Select(it => (JsonObject)it.DeepClone())
                .ToList();
            page.ForEach(it => it.Remove("guild_id"));
            return new([.. page]);
        }
    }

    /// <summary>The message that the same nonce has made already.</summary>
    public JsonObject? MadeBefore(string nonce)
    {
        lock (_lock)
        {
            return _nonces.TryGetValue(nonce, out var id) ? (JsonObject)_messages[id].DeepClone() : null;
        }
    }

    public void Keep(string nonce, string id)
    {
        lock (_lock)
        {
            _nonces[nonce] = id;
        }
    }

    /// <summary>A file that hangs on some message.</summary>
    public DiscordFile? FindFile(string path)
    {
        lock (_lock)
        {
            return _files.GetValueOrDefault(path);
        }
    }

    private JsonObject Attachment(DiscordFile file, string channel)
    {
        var path = $"{channel}/{file.Id}/{Uri.EscapeDataString(file.Name)}";
        _files[path] = file;
        return new()
        {
            ["id"] = file.Id,
            ["filename"] = file.Name,
            ["size"] = file.Size,
            ["content_type"] = file.ContentType,
            ["url"] = file.Url ?? urlOf(path),
            ["proxy_url"] = file.Url ?? urlOf(path),
        };
    }

    private static JsonObject Poll(IReadOnlyList<string> poll) => new()
    {
        ["question"] = new JsonObject { ["text"] = poll[0] },
        ["answers"] = new JsonArray([.. poll.Skip(1).Select(text => new JsonObject { ["poll_media"] = new JsonObject { ["text"] = text } })]),
    };

    private JsonArray Mentions(string text) => new([.. MentionPattern().Matches(text)
        .Select(match => _people.GetValueOrDefault(match.Groups[1].Value))
        .OfType<DiscordPerson>()
        .Select(person => person.ToJson())]);

    [GeneratedRegex("<@!?([0-9]+)>")]
    private static partial Regex MentionPattern();
}
