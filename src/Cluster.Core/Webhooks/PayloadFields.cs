using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks;

/// <summary>Reads fields of other people's JSON by path; a field of another type is a missing one. The default one has none.</summary>
internal readonly struct PayloadFields(JsonElement root)
{
    internal const string NotUnicode = "[text that is not valid Unicode]";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    public JsonElement Root => root;

    /// <exception cref="JsonException">Not JSON, a name twice, or too deep.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body, Strict);
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("The body has a name that is not valid Unicode.", e); // half of a surrogate pair, seen while comparing names
        }
    }

    /// <exception cref="JsonException">Not one plain object.</exception>
    public static JsonDocument ParseObject(ReadOnlyMemory<byte> body)
    {
        var document = Parse(body);
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        document.Dispose();
        throw new JsonException("The body is not a JSON object.");
    }

    public bool Has(string name) => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Object;

    public string? Text(string path) => Find(path) is { } found ? Read(found) : null;

    public string? Pattern(string path, Regex pattern) => Text(path) is { } text && pattern.IsMatch(text) ? text : null;

    /// <summary>A time in Unix milliseconds.</summary>
    public long? Moment(string path) =>
        Pattern(path, Shapes.Time()) is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at.ToUnixTimeMilliseconds()
            : null;

    public long? Integer(string path) =>
        Find(path) is { ValueKind: JsonValueKind.Number } found && found.TryGetInt64(out var number) ? number : null;

    /// <summary>A web address whole, whosever it is: the <see cref="Facts.FactTable"/> says what becomes of it.</summary>
    public string? Link(string path) => Pattern(path, Shapes.Link());

    /// <summary>A web address without its query and fragment, and without what could carry a sentence.</summary>
    public string? Url(string path) =>
        Text(path) is { } text && text.Split('?', '#')[0] is var url && Shapes.Url().IsMatch(url) ? url : null;

    /// <summary>The host of a web address, without its port.</summary>
    public string? Host(string path) => Url(path) is { } url && Uri.TryCreate(url, UriKind.Absolute, out var uri) ? uri.Host.ToLowerInvariant() : null;

    public bool? Flag(string path) => Find(path) is { ValueKind: JsonValueKind.True or JsonValueKind.False } found ? found.GetBoolean() : null;

    public bool IsNull(string path) => Find(path) is { ValueKind: JsonValueKind.Null };

    /// <summary>Whatever stands there as one line: an object's fields by name, anything deeper as JSON.</summary>
    public string? Line(string path) => Line(Find(path));

    public string? Line() => Line(root);

    private static string? Line(JsonElement? found) => found switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } branch => string.Join("; ", branch.EnumerateObject().Select(field => $"{Name(field)}: {Shown(field.Value)}")),
        { } other => Shown(other),
    };

    public static string Raw(JsonElement element)
    {
        try
        {
            return element.GetRawText();
        }
        catch (InvalidOperationException)
        {
            return NotUnicode;
        }
    }

    public List<PayloadFields> Items(string path)
    {
        var items = new List<PayloadFields>();
        if (Find(path) is { ValueKind: JsonValueKind.Array } array)
        {
            foreach (var item in array.EnumerateArray())
            {
                items.Add(new PayloadFields(item));
            }
        }

        return items;
    }

    /// <summary>Whether every object that has a field of this name, however deep, passes. A member's comment stands in a stranger's issue.</summary>
    public bool All(string name, Func<PayloadFields, bool> passes) => root.ValueKind switch
    {
        JsonValueKind.Array => root.EnumerateArray().All(item => new PayloadFields(item).All(name, passes)),
        JsonValueKind.Object => (!root.TryGetProperty(name, out _) || passes(this))
            && root.EnumerateObject().All(field => new PayloadFields(field.Value).All(name, passes)),
        _ => true,
    };

    private static string Shown(JsonElement element) => Read(element) ?? Raw(element);

    internal static string Name(JsonProperty field)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            return NotUnicode;
        }
    }

    internal static string? Read(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return NotUnicode; // half of a surrogate pair, which parses but cannot be read
        }
    }

    internal JsonElement? Find(string path)
    {
        var at = root;
        foreach (var step in path.Split('.'))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(step, out at))
            {
                return null;
            }
        }

        return at;
    }
}
