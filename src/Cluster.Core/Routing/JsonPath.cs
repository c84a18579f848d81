using System.Globalization;
using System.Text.Json;
using Cluster.Core.Webhooks;

namespace Cluster.Core.Routing;

/// <summary>A path into a payload, such as <c>$.workflow_run.event</c> or <c>$.alerts[0].status</c>: names and places only, so that it finds one
/// thing at the most and costs no more than its length.</summary>
public sealed class JsonPath
{
    /// <summary>For people who wrote something else.</summary>
    public const string Expected = "names and places such as $.workflow_run.event or $.alerts[0].status, 16 steps and 200 characters at the most";

    private const int MaxLength = 200;
    private const int MaxSteps = 16;
    private const int MaxPlaceDigits = 4;
    private const int MaxValueLength = 2_000; // what is longer is no value to choose a session by

    private readonly List<Step> _steps = [];

    private JsonPath()
    {
    }

    /// <summary>True for what is no field's name.</summary>
    public static bool IsMeant(string field) => field.StartsWith('$');

    /// <returns>Null when it is none.</returns>
    public static JsonPath? Read(string text)
    {
        if (text.Length > MaxLength || !text.StartsWith("$.", StringComparison.Ordinal))
        {
            return null;
        }

        var path = new JsonPath();
        for (var at = 1; at < text.Length;)
        {
            var length = text[at] switch
            {
                '.' => path.AddName(text.AsSpan(at + 1)),
                '[' => path.AddPlace(text.AsSpan(at + 1)),
                _ => 0,
            };
            if (length == 0 || path._steps.Count > MaxSteps)
            {
                return null;
            }

            at += length;
        }

        return path;
    }

    /// <summary>A text, a number as it is written, or <c>true</c> or <c>false</c>; null for everything else, and where nothing stands.</summary>
    public string? Find(JsonElement root)
    {
        try
        {
            var at = root;
            foreach (var (name, place) in _steps)
            {
                if (name is null ? at.ValueKind != JsonValueKind.Array || place >= at.GetArrayLength() : at.ValueKind != JsonValueKind.Object)
                {
                    return null;
                }

                if (name is null)
                {
                    at = at[place];
                }
                else if (!at.TryGetProperty(name, out at))
                {
                    return null;
                }
            }

            return Value(at);
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair, which parses but cannot be read or compared
        }
    }

    private static string? Value(JsonElement found) => found.ValueKind switch
    {
        JsonValueKind.String => found.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => PayloadFields.Raw(found),
        _ => null,
    } is { Length: <= MaxValueLength } value ? value : null;

    // Both return how much of the text they took, with the sign in front; 0 for a fault.
    private int AddName(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAny('.', '[');
        var name = end < 0 ? text : text[..end];
        foreach (var sign in name)
        {
            if (!char.IsAsciiLetterOrDigit(sign) && sign is not ('_' or '-' or '$' or '@' or ':' or '/'))
            {
                return 0;
            }
        }

        if (name.Length == 0)
        {
            return 0;
        }

        _steps.Add(new Step(name.ToString(), 0));
        return name.Length + 1;
    }

    private int AddPlace(ReadOnlySpan<char> text)
    {
        var end = text.IndexOf(']');
        if (end is <= 0 or > MaxPlaceDigits || !int.TryParse(text[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var place))
        {
            return 0;
        }

        _steps.Add(new Step(null, place));
        return end + 2;
    }

    private readonly record struct Step(string? Name, int Place);
}
