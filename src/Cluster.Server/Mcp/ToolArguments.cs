using System.Globalization;
using System.Text.Json;

namespace Cluster.Server.Mcp;

/// <summary>Reads a tool's arguments and remembers the first thing that is wrong, as a sentence for Claude.</summary>
internal sealed class ToolArguments(JsonElement? arguments)
{
    private const int MaxIdLength = 19;
    private const int MaxMessageIdLength = 24;

    public string? Fault { get; private set; }

    public string Text(string name, string what) =>
        OptionalText(name) ?? Wrong<string>($"{name} is missing: pass {what}.") ?? "";

    public string? OptionalText(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => Wrong<string>($"{name} must be a text in quotes; it is {Kind(other)}."),
    };

    /// <summary>An event's id, which Claude may pass as text or number.</summary>
    public long Id(string name) => OptionalId(name) ?? Wrong<long?>($"{name} is missing: pass the event_id of a channel block, such as \"42\".") ?? 0;

    public long? OptionalId(string name)
    {
        if (Find(name) is not { } given)
        {
            return null;
        }

        var text = given.ValueKind switch
        {
            JsonValueKind.String => given.GetString()!,
            JsonValueKind.Number => given.GetRawText(),
            _ => "",
        };
        return text.Length <= MaxIdLength && long.TryParse(text, NumberStyles.None, null, out var id)
            ? id
            : Wrong<long?>($"{name} must be the event_id of a channel block, such as \"42\".");
    }

    /// <summary>A message's id, ours or a platform's, which Claude may pass as text or number.</summary>
    public string MessageId(string name)
    {
        var given = Find(name);
        var text = given switch
        {
            { ValueKind: JsonValueKind.String } id => id.GetString()!,
            { ValueKind: JsonValueKind.Number } id => id.GetRawText(),
            _ => "",
        };
        return given is null ? Wrong<string>($"{name} is missing: pass the event_id of a channel block, or the id that reply returned.") ?? ""
            : text.Length is > 0 and <= MaxMessageIdLength && text.All(char.IsAsciiDigit) ? text
            : Wrong<string>($"{name} must be the event_id of a channel block, or the id that reply returned, such as \"42\".") ?? "";
    }

    /// <summary>A list of texts; empty when there is none.</summary>
    public IReadOnlyList<string> OptionalTexts(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) =>
            [.. list.EnumerateArray().Select(one => one.GetString()!)],
        _ => Wrong<IReadOnlyList<string>>($"{name} must be a list of texts in quotes.") ?? [],
    };

    /// <summary>Whether a text is Markdown; otherwise it is to be shown as it stands.</summary>
    public bool IsMarkdown(string name) => OptionalText(name) switch
    {
        null or "markdown" => true,
        "text" => false,
        _ => Wrong<bool?>($"{name} must be \"markdown\" (which is what a message is without it) or \"text\".") ?? true,
    };

    public int? OptionalNumber(string name, int least, int most) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out var value) && value >= least && value <= most => value,
        _ => Wrong<int?>($"{name} must be a whole number from {least} to {most}."),
    };

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => "a number",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        _ => "true or false",
    };

    private JsonElement? Find(string name) =>
        arguments is { ValueKind: JsonValueKind.Object } given && given.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null
            ? found
            : null;

    private T? Wrong<T>(string fault)
    {
        Fault ??= $"{fault} Nothing was done.";
        return default;
    }
}
