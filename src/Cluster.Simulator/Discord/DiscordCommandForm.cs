using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Cluster.Simulator.Discord;

/// <summary>Refuses commands, answers to interactions and threads that Discord would refuse.</summary>
internal static partial class DiscordCommandForm
{
    private const int Ephemeral = 1 << 6;

    /// <summary>Discord: Application Commands, application command structure.</summary>
    public static string? FaultOfMenu(JsonArray commands) =>
        commands.Count > 100 ? "Must be 100 or fewer in length."
        : commands.Select(command => command?["name"]?.ToString()).Distinct().Count() < commands.Count ? "name: commands must be unique."
        : commands.Select(command => command is JsonObject fields ? FaultOfCommand(fields) : "no command.").FirstOrDefault(fault => fault is not null);

    /// <summary>Discord: Interactions, interaction response structure.</summary>
    public static string? FaultOfAnswer(JsonObject body, DiscordInteractionKind kind) =>
        DiscordForm.Unknown(body, ["type", "data"]) ?? ((int?)body["type"], kind) switch
        {
            (4, not DiscordInteractionKind.Completion) => body["data"] is JsonObject data ? FaultOfMessage(data) : "data: This field is required.",
            (5, not DiscordInteractionKind.Completion) => body["data"] is JsonObject data
                ? DiscordForm.Unknown(data, ["flags"]) ?? DiscordForm.FaultOfFlags(data, Ephemeral)
                : null,
            (8, DiscordInteractionKind.Completion) => body["data"] is JsonObject data ? FaultOfChoices(data) : "data: This field is required.",
            _ => "type: not for this interaction.",
        };

    /// <summary>Discord: Channel, start thread without message.</summary>
    public static string? FaultOfThread(JsonObject body) =>
        DiscordForm.Unknown(body, ["name", "auto_archive_duration", "type", "invitable", "rate_limit_per_user"])
        ?? (DiscordForm.Length(body["name"]) is < 1 or > 100 ? "name: Must be between 1 and 100 in length." : null)
        ?? ((int?)body["auto_archive_duration"] is null or 60 or 1440 or 4320 or 10_080 ? null : "auto_archive_duration: no such duration.")
        ?? ((int?)body["type"] is 11 or 12 ? null : "type: no such thread.");

    private static string? FaultOfMessage(JsonObject data) =>
        DiscordForm.Unknown(data, ["content", "flags", "allowed_mentions", "components"])
        ?? DiscordForm.FaultOfContent(data)
        ?? DiscordForm.FaultOfFlags(data, (1 << 2) | Ephemeral | (1 << 12))
        ?? DiscordForm.FaultOfMentions(data)
        ?? DiscordForm.FaultOfComponents(data);

    private static string? FaultOfChoices(JsonObject data) =>
        DiscordForm.Unknown(data, ["choices"])
        ?? (data["choices"] is not JsonArray { Count: <= 25 } choices ? "choices: Must be 25 or fewer in length."
            : choices.All(choice => choice is JsonObject fields && DiscordForm.Unknown(fields, ["name", "value"]) is null
                && DiscordForm.Length(fields["name"]) is >= 1 and <= 100 && DiscordForm.Length(fields["value"]) is >= 1 and <= 100) ? null
            : "choices: name and value must be between 1 and 100 in length.");

    private static string? FaultOfCommand(JsonObject command)
    {
        var options = command["options"] as JsonArray ?? [];
        return DiscordForm.Unknown(command, ["type", "name", "description", "options", "contexts", "integration_types"])
            ?? FaultOfWords(command)
            ?? ((int?)command["type"] is null or 1 ? null : "type: only slash commands are known here.")
            ?? (Within(command["contexts"], 2) && Within(command["integration_types"], 1) ? null : "contexts: no such context.")
            ?? (options.Count > 25 ? "options: Must be 25 or fewer in length." : null)
            ?? options.Select(option => option is JsonObject fields ? FaultOfOption(fields) : "options: no option.").FirstOrDefault(fault => fault is not null)
            ?? (options.Select(option => (string?)option!["name"]).Distinct().Count() < options.Count ? "options: Option names must be unique." : null)
            ?? (options.SkipWhile(IsRequired).Any(IsRequired) ? "options: Required options must be placed before non-required options." : null);
    }

    private static string? FaultOfOption(JsonObject option) =>
        DiscordForm.Unknown(option, ["type", "name", "description", "required", "autocomplete"])
        ?? FaultOfWords(option)
        ?? ((int?)option["type"] is not (3 or 5) ? "type: only text and switches are known here."
            : (bool?)option["autocomplete"] == true && (int?)option["type"] != 3 ? "autocomplete: not for this type."
            : null);

    private static string? FaultOfWords(JsonObject named) =>
        !Name().IsMatch((string?)named["name"] ?? "") ? "name: String value did not match validation regex."
        : DiscordForm.Length(named["description"]) is < 1 or > 100 ? "description: Must be between 1 and 100 in length."
        : null;

    private static bool IsRequired(JsonNode? option) => (bool?)option!["required"] == true;

    private static bool Within(JsonNode? numbers, int most) => numbers is null || (numbers is JsonArray { Count: > 0 } all && all.All(one => (int?)one is >= 0 && (int?)one <= most));

    [GeneratedRegex("^[-_a-z0-9]{1,32}$")]
    private static partial Regex Name();
}
