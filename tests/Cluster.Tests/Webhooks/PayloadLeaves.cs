using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Tests.Webhooks;

/// <summary>The texts of a payload, to be replaced.</summary>
internal static class PayloadLeaves
{
    public static IReadOnlyList<string> Of(byte[] body)
    {
        var found = new List<string>();
        Walk(JsonNode.Parse(body), node => found.Add(node.GetPath()));
        return found;
    }

    /// <summary>The payload with another text in these places.</summary>
    public static byte[] Replace(byte[] body, IEnumerable<string> places, string text)
    {
        var set = places.ToHashSet();
        var root = JsonNode.Parse(body)!;
        var hit = new List<JsonValue>();
        Walk(root, node =>
        {
            if (set.Contains(node.GetPath()))
            {
                hit.Add(node);
            }
        });
        hit.ForEach(node => node.ReplaceWith<JsonNode>(JsonValue.Create(text)));
        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    private static void Walk(JsonNode? node, Action<JsonValue> each)
    {
        switch (node)
        {
            case JsonObject branch:
                branch.ToList().ForEach(pair => Walk(pair.Value, each));
                break;
            case JsonArray list:
                list.ToList().ForEach(item => Walk(item, each));
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                each(value);
                break;
        }
    }
}
