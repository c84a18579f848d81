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

    public static IReadOnlyList<(string Place, string Text)> Texts(byte[] body)
    {
        var found = new List<(string, string)>();
        Walk(JsonNode.Parse(body), node => found.Add((node.GetPath(), node.GetValue<string>())));
        return found;
    }

    /// <summary>The payload without each of its fields, one at a time.</summary>
    public static IEnumerable<(string What, byte[] Body)> Without(byte[] body)
    {
        var places = new List<string>();
        Visit(JsonNode.Parse(body), node => places.Add(node.GetPath()));
        foreach (var place in places)
        {
            var root = JsonNode.Parse(body)!;
            Visit(root, node =>
            {
                if (node.GetPath() == place)
                {
                    _ = node.Parent is JsonObject parent ? parent.Remove(node.GetPropertyName()) : node.Parent!.AsArray().Remove(node);
                }
            });
            yield return (place, Encoding.UTF8.GetBytes(root.ToJsonString()));
        }
    }

    private static void Visit(JsonNode? node, Action<JsonNode> each)
    {
        var children = node switch { JsonObject branch => branch.Select(pair => pair.Value).ToList(), JsonArray list => [.. list], _ => [] };
        foreach (var child in children.OfType<JsonNode>())
        {
            Visit(child, each);
            each(child);
        }
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
