using System.Text.Json;
using Cluster.Core.Events;

namespace Cluster.Core.Permissions;

/// <summary>The input of a tool as a person reads it: argument by argument, a command first and as it would be run. Nothing is left out, and
/// what hides or steers is made visible. What cannot be taken apart without a doubt is shown as it came.</summary>
public sealed record ShownInput
{
    // Claude Code's own limit, in code points, from which on it keeps head and tail only.
    private const int ElidedFrom = 3_500;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>What the well-known tools do their work on.</summary>
    private static readonly Dictionary<string, string> Main = new(StringComparer.Ordinal)
    {
        ["Bash"] = "command",
        ["PowerShell"] = "command",
        ["Monitor"] = "command",
        ["Read"] = "file_path",
        ["Write"] = "file_path",
        ["Edit"] = "file_path",
        ["MultiEdit"] = "file_path",
        ["NotebookEdit"] = "notebook_path",
        ["Glob"] = "pattern",
        ["Grep"] = "pattern",
        ["WebFetch"] = "url",
        ["WebSearch"] = "query",
        ["Task"] = "prompt",
        ["Agent"] = "prompt",
        ["Skill"] = "skill",
    };

    public sealed record Argument(string Name, string Text, bool IsMain);

    /// <summary>Empty where the input is shown as it came.</summary>
    public IReadOnlyList<Argument> Arguments { get; private init; } = [];

    /// <summary>The input as it came.</summary>
    public required string Raw { get; init; }

    /// <summary>Why there may be more to it than can be seen here.</summary>
    public string? Missing { get; private init; }

    public static ShownInput Read(string tool, string input)
    {
        var (raw, arguments) = (HostileText.Reveal(input), Take(tool, input));
        return new ShownInput
        {
            Raw = raw,
            Arguments = arguments ?? [],
            Missing = input.Length >= ElidedFrom
                ? "Not all of it is here: of an input this long Claude Code shows the first 2,000 and the last 1,500 characters only. "
                    + "Allow would allow the rest as well, unseen. Look at it in its terminal, or deny."
                : arguments is null
                    ? "This input does not end as it should: something may have been cut off that cannot be seen here. Look at it in its terminal, or deny."
                    : null,
        };
    }

    private static List<Argument>? Take(string tool, string input)
    {
        try
        {
            using var document = JsonDocument.Parse(input, Strict);
            var main = Main.GetValueOrDefault(tool, "command");
            return
            [
                .. document.RootElement.EnumerateObject()
                    .Select(one => new Argument(HostileText.Reveal(one.Name), HostileText.Reveal(Text(one.Value)), one.NameEquals(main)))
                    .OrderByDescending(one => one.IsMain),
            ];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // no object, cut, ambiguous, or not valid Unicode
        }
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
