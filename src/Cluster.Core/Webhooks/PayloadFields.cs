using System.Text.Json;
using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks;

/// <summary>Reads fields of other people's JSON by path; a field of another type is a missing one.</summary>
internal readonly struct PayloadFields(JsonElement root)
{
    public bool Has(string name) => root.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Object;

    public string? Text(string path) => Find(path) is { } found ? Read(found) : null;

    public string? Pattern(string path, Regex pattern) => Text(path) is { } text && pattern.IsMatch(text) ? text : null;

    public long? Integer(string path) =>
        Find(path) is { ValueKind: JsonValueKind.Number } found && found.TryGetInt64(out var number) ? number : null;

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

    /// <summary>Whether every field of this name, however deep, passes. A member's comment stands in a stranger's issue.</summary>
    public bool All(string name, Func<string?, bool> passes)
    {
        if (root.ValueKind == JsonValueKind.Array)
        {
            return root.EnumerateArray().All(item => new PayloadFields(item).All(name, passes));
        }

        return root.ValueKind != JsonValueKind.Object || root.EnumerateObject().All(field =>
            field.NameEquals(name)
                ? passes(Read(field.Value))
                : new PayloadFields(field.Value).All(name, passes));
    }

    private static string? Read(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return "[text that is not valid Unicode]"; // half of a surrogate pair, which parses but cannot be read
        }
    }

    private JsonElement? Find(string path)
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
