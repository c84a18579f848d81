using System.Text;
using System.Text.Json;
using Cluster.Core.Events;

namespace Cluster.Core.Webhooks.Facts;

/// <summary>
/// Where a fact stands: <c>a.b</c>; <c>a[0].b</c> and <c>a[-1].b</c> for the first and the last of a list; <c>a[].b</c> for several of them as one text;
/// <c>a[=x]</c> for what stands beside the name x in a list of pairs; <c>{a}/-/jobs/{b}</c> for an address that is made of an address and of ids.
/// </summary>
internal sealed class FactPath
{
    private const int Most = 5;
    private const int MaxItem = 60;

    private readonly string[] _steps;
    private readonly (string Before, FactPath Path)[] _parts = [];

    private FactPath(string path)
    {
        _steps = path.Replace("[", ".[", StringComparison.Ordinal).Split('.');
        if (path.Contains('{', StringComparison.Ordinal))
        {
            _parts = [.. path.Split('}', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('{')).Select(part => (part[0], new FactPath(part[1])))];
        }
    }

    public static FactPath Read(string path) => new(path);

    /// <returns>A text that is not empty, or a number; null for nothing, and for a flag that is not set.</returns>
    public WebhookField? Find(JsonElement root)
    {
        if (_parts.Length > 0)
        {
            return Made(root);
        }

        List<WebhookField>? several = null;
        var found = Walk(root, 0, ref several);
        return several is null ? found
            : several.Count == 0 ? null
            : Of(string.Join(", ", several.Select(item => HostileText.Cut(item.Text ?? $"{item.Number}", MaxItem)).Distinct().Take(Most)));
    }

    private WebhookField? Walk(JsonElement at, int step, ref List<WebhookField>? several)
    {
        for (; step < _steps.Length; step++)
        {
            var name = _steps[step];
            if (name.Length > 0 && name[0] == '[')
            {
                if (at.ValueKind != JsonValueKind.Array)
                {
                    return null;
                }

                if (name == "[]")
                {
                    several ??= [];
                    foreach (var item in at.EnumerateArray())
                    {
                        if (several!.Count >= Most)
                        {
                            break;
                        }

                        if (Walk(item, step + 1, ref several) is { } one)
                        {
                            several!.Add(one);
                        }
                    }

                    return null;
                }

                if (name[1] == '=')
                {
                    return Beside(at, name[2..^1]);
                }

                var length = at.GetArrayLength();
                if (length == 0)
                {
                    return null;
                }

                at = at[name == "[-1]" ? length - 1 : 0];
            }
            else if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
            {
                return null;
            }
        }

        return Value(at);
    }

    /// <summary>A text that is not empty, a whole number, another number as text, a flag that is set.</summary>
    public static WebhookField? Value(JsonElement at) => at.ValueKind switch
    {
        JsonValueKind.String => PayloadFields.Read(at) is { } text && !string.IsNullOrWhiteSpace(text) ? Of(text) : null,
        JsonValueKind.Number => at.TryGetInt64(out var number) ? new WebhookField { Name = "", Number = number } : Of(at.GetRawText()),
        JsonValueKind.True => Of("true"),
        _ => null,
    };

    private static WebhookField? Beside(JsonElement pairs, string name)
    {
        foreach (var pair in pairs.EnumerateArray())
        {
            if (pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2 && PayloadFields.Read(pair[0]) == name)
            {
                return Value(pair[1]);
            }
        }

        return null;
    }

    private WebhookField? Made(JsonElement root)
    {
        var made = new StringBuilder();
        for (var i = 0; i < _parts.Length; i++)
        {
            var found = _parts[i].Path.Find(root);
            if ((found?.Text ?? found?.Number?.ToString(System.Globalization.CultureInfo.InvariantCulture)) is not { } text || (i > 0 && !Shapes.Path().IsMatch(text)))
            {
                return null;
            }

            made.Append(_parts[i].Before).Append(i == 0 ? text.TrimEnd('/') : text);
        }

        return Of(made.ToString());
    }

    private static WebhookField Of(string text) => new() { Name = "", Text = text };
}
