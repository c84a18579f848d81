using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Cluster.Simulator.Discord;

/// <summary>What somebody does with the bot besides writing: the numbers are those of Discord: Interactions, interaction type.</summary>
internal enum DiscordInteractionKind
{
    Command = 2,
    Press = 3,
    Completion = 4,
}

/// <summary>The menu of commands, and what people do with it and with buttons: each can be answered once, within three seconds.</summary>
internal sealed class DiscordInteractionsEnd(DiscordSimulator discord, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3); // Discord: Interactions, interaction callback.

    private readonly ConcurrentDictionary<string, Begun> _begun = new();

    /// <summary>The bot's commands, as Discord tells them.</summary>
    public JsonArray Menu
    {
        get => (JsonArray)field.DeepClone();
        set;
    } = [];

    /// <summary>Keeps commands as Discord does: what is off is not told.</summary>
    public void Keep(JsonArray commands)
    {
        foreach (var command in commands.Cast<JsonObject>())
        {
            (command["id"], command["application_id"], command["version"]) = (discord.NextId(), discord.ApplicationId, "1");
            (command["type"], command["default_member_permissions"], command["nsfw"]) = (1, null, false);
            foreach (var option in (command["options"] as JsonArray ?? []).Cast<JsonObject>())
            {
                DropWhatIsOff(option, "required");
                DropWhatIsOff(option, "autocomplete");
            }
        }

        Menu = new([.. commands.Reverse().Select(command => command!.DeepClone())]);
        discord.Sent.Menu([.. commands.Select(command => (string)command!["name"]!)]);
    }

    /// <summary>What a client sends for a command that is in its menu.</summary>
    /// <exception cref="InvalidOperationException">Nobody can choose that.</exception>
    public JsonObject Fill(string command, (string Name, string Value)[] arguments, string? focused)
    {
        var offered = Menu.FirstOrDefault(one => (string?)one!["name"] == command) ?? throw new InvalidOperationException($"/{command} is not in the menu.");
        var options = (offered["options"] as JsonArray ?? []).Cast<JsonObject>().ToDictionary(option => (string)option["name"]!);
        if (focused is null && options.Values.FirstOrDefault(option => (bool?)option["required"] == true
            && !arguments.Any(argument => argument.Name == (string)option["name"]!)) is { } missing)
        {
            throw new InvalidOperationException($"/{command} wants {missing["name"]}.");
        }

        return new()
        {
            ["id"] = (string)offered["id"]!,
            ["name"] = command,
            ["type"] = 1,
            ["options"] = new JsonArray([.. arguments.Select(argument => Option(options[argument.Name], argument.Value, focused))]),
        };
    }

    /// <summary>Somebody does it, and the bot is told.</summary>
    /// <returns>The interaction's id and token, with a slash between.</returns>
    public string Begin(DiscordInteractionKind kind, DiscordChannel channel, DiscordPerson person, JsonObject data, JsonObject? message = null)
    {
        var (id, token) = (discord.NextId(), $"interaction-{Guid.NewGuid():n}");
        _begun[id] = new(kind, token, clock.GetUtcNow());
        var interaction = new JsonObject
        {
            ["id"] = id,
            ["application_id"] = discord.ApplicationId,
            ["type"] = (int)kind,
            ["token"] = token,
            ["version"] = 1,
            ["channel_id"] = channel.Id,
            ["data"] = data,
            ["context"] = channel.Guild is null ? 1 : 0,
        };
        if (message is not null)
        {
            interaction["message"] = message;
        }

        if (channel.Guild is { } guild)
        {
            interaction["guild_id"] = guild;
            interaction["member"] = new JsonObject { ["user"] = person.ToJson() };
        }
        else
        {
            interaction["user"] = person.ToJson();
        }

        discord.Tell("INTERACTION_CREATE", interaction);
        return $"{id}/{token}";
    }

    /// <summary>Null for none that can be answered any more.</summary>
    public DiscordInteractionKind? Find(string id, string token) =>
        _begun.TryGetValue(id, out var begun) && begun.Token == token && (begun.Answered || clock.GetUtcNow() - begun.At <= Patience) ? begun.Kind : null;

    /// <summary>False when it was answered before.</summary>
    public bool Answer(string id) => _begun.TryGetValue(id, out var begun) && !begun.Answered && _begun.TryUpdate(id, begun with { Answered = true }, begun);

    private static void DropWhatIsOff(JsonObject option, string name)
    {
        if ((bool?)option[name] != true)
        {
            option.Remove(name);
        }
    }

    private static JsonObject Option(JsonObject offered, string value, string? focused)
    {
        var option = new JsonObject { ["name"] = (string)offered["name"]!, ["type"] = (int)offered["type"]! };
        option["value"] = (int)offered["type"]! == 5 ? value == "true" : value;
        if (focused == (string)offered["name"]!)
        {
            option["focused"] = (bool?)offered["autocomplete"] == true ? true : throw new InvalidOperationException($"{focused} completes nothing.");
        }

        return option;
    }

    private sealed record Begun(DiscordInteractionKind Kind, string Token, DateTimeOffset At)
    {
        public bool Answered { get; init; }
    }
}
