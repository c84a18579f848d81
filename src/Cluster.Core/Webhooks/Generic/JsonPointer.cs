using System.Text.Json;

namespace Cluster.Core.Webhooks.Generic;

/// <summary>RFC 6901: <c>/alerts/0/name</c>.</summary>
internal static class JsonPointer
{
    private const int MaxLength = 200;

    public static bool IsValid(string pointer) =>
        pointer.Length is > 0 and <= MaxLength && pointer[0] == '/' && !pointer.Any(char.IsControl)
        && !pointer.Replace("~0", "", StringComparison.Ordinal).Replace("~1", "", StringComparison.Ordinal).Contains('~');

    /// <returns>Null when nothing stands there.</returns>
    public static JsonElement? Find(JsonElement root, string pointer)
    {
        var at = root;
        foreach (var step in pointer.Split('/').Skip(1))
        {
            var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind == JsonValueKind.Array && int.TryParse(name, System.Globalization.NumberStyles.None, null, out var index) && index < at.GetArrayLength())
            {
                at = at[index];
            }
            else if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
            {
                return null;
            }
        }

        return at;
    }
}
