using System.Text.Json.Nodes;

namespace Cluster.Simulator.Discord;

/// <summary>Refuses a request body that Discord would refuse, and what Discord would silently ignore: then the bot means something else.</summary>
internal static class DiscordForm
{
    private static readonly string[] Message =
        ["content", "nonce", "enforce_nonce", "tts", "allowed_mentions", "message_reference", "components", "flags", "attachments"];

    /// <summary>The first fault; null for none.</summary>
    public static string? FaultOfMessage(JsonObject body) => body["attachments"] is null ? FaultOf(body, FaultOfContent(body)) : "attachments: there are no files.";

    /// <summary>The first fault of a message that came with files (Discord: API Reference, uploading files); null for none.</summary>
    /// <param name="body">Its <c>payload_json</c>.</param>
    /// <param name="files">By the names of their parts.</param>
    public static string? FaultOfMessage(JsonObject body, IReadOnlyDictionary<string, SimulatedFile> files) =>
        files.Count is 0 or > 10 ? "files: Must be between 1 and 10 in length."
        : files.Keys.Any(name => name is not ['f', 'i', 'l', 'e', 's', '[', .. var n, ']'] || !byte.TryParse(n, out _)) ? "files: a part is not called files[n]."
        : FaultOf(body, body["content"] is null ? null : FaultOfContent(body)) ?? FaultOfAttachments(body["attachments"] as JsonArray ?? [], files);

    private static string? FaultOfAttachments(JsonArray attachments, IReadOnlyDictionary<string, SimulatedFile> files) =>
        attachments.Count != files.Count ? "attachments: each file wants one."
        : attachments.Select(it => it as JsonObject).Select(it =>
            Unknown(it, ["id", "filename", "description"])
            ?? (it is null || !files.TryGetValue($"files[{(int?)it["id"]}]", out var file) ? "attachments: there is no such file."
                : (string?)it["filename"] != file.Name ? "attachments: the file is called otherwise." : null)).FirstOrDefault(fault => fault is not null);

    private static string? FaultOf(JsonObject body, string? faultOfContent) =>
        Unknown(body, Message)
        ?? faultOfContent
        ?? (Length(body["nonce"]) > 25 ? "nonce: must be 25 or fewer in length." : null)
        ?? (body["enforce_nonce"] is not null && body["nonce"] is null ? "enforce_nonce: there is no nonce." : null)
        ?? Unknown(body["message_reference"] as JsonObject, ["type", "message_id", "channel_id", "guild_id", "fail_if_not_exists"])
        ?? FaultOfFlags(body, (1 << 2) | (1 << 12))
        ?? FaultOfMentions(body)
        ?? FaultOfComponents(body);

    public static string? FaultOfEdit(JsonObject body) =>
        Unknown(body, ["content", "flags", "allowed_mentions", "components"])
        ?? FaultOfContent(body)
        ?? FaultOfFlags(body, 1 << 2)
        ?? FaultOfMentions(body)
        ?? FaultOfComponents(body);

    public static string? Unknown(JsonObject? body, IReadOnlyList<string> known) =>
        body?.Select(field => field.Key).FirstOrDefault(name => !known.Contains(name)) is { } other ? $"{other}: no such field." : null;

    internal static string? FaultOfContent(JsonObject body) => Length(body["content"]) switch
    {
        > 2000 => "content: Must be 2000 or fewer in length.",
        0 => "Cannot send an empty message",
        _ => null,
    };

    internal static string? FaultOfFlags(JsonObject body, int allowed) =>
        ((int?)body["flags"] ?? 0) is var flags && (flags & ~allowed) != 0 ? "flags: may not be set." : null;

    internal static string? FaultOfMentions(JsonObject body) =>
        Unknown(body["allowed_mentions"] as JsonObject, ["parse", "users", "roles", "replied_user"]);

    internal static string? FaultOfComponents(JsonObject body)
    {
        var rows = body["components"] as JsonArray ?? [];
        if (rows.Count > 5)
        {
            return "components: Must be 5 or fewer in length.";
        }

        foreach (var row in rows)
        {
            if (row is not JsonObject { } part || Unknown(part, ["type", "components"]) is not null || (int?)part["type"] != 1
                || part["components"] is not JsonArray { Count: > 0 and <= 5 } buttons)
            {
                return "components: an action row holds 1 to 5 buttons.";
            }

            if (buttons.Select(FaultOfButton).FirstOrDefault(fault => fault is not null) is { } fault)
            {
                return fault;
            }
        }

        var ids = rows.SelectMany(row => (JsonArray)row!["components"]!).Select(button => (string?)button!["custom_id"]).ToList();
        return ids.Count == ids.Distinct().Count() ? null : "components: Component custom id cannot be duplicated.";
    }

    private static string? FaultOfButton(JsonNode? button) =>
        button is not JsonObject fields || Unknown(fields, ["type", "style", "label", "custom_id", "disabled"]) is not null
            || (int?)fields["type"] != 2 ? "components: no button."
            : (int?)fields["style"] is not (>= 1 and <= 4) ? "style: no such style."
            : Length(fields["custom_id"]) is 0 or > 100 ? "custom_id: Must be between 1 and 100 in length."
            : Length(fields["label"]) is 0 or > 80 ? "label: Must be between 1 and 80 in length."
            : null;

    internal static int Length(JsonNode? text) => ((string?)text)?.Length ?? 0;
}
