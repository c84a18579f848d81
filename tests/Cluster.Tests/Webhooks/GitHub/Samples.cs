using System.Text;
using System.Text.Json.Nodes;

namespace Cluster.Tests.Webhooks.GitHub;

/// <summary>Real payloads, and changes to them.</summary>
internal static class Samples
{
    public static string Path(string name) => System.IO.Path.Combine(AppContext.BaseDirectory, "Samples", name);

    public static JsonObject Read(string name) => JsonNode.Parse(File.ReadAllText(Path($"github/{name}.json")))!.AsObject();

    public static byte[] Bytes(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    public static JsonObject With(this JsonObject root, string path, JsonNode? value)
    {
        var steps = path.Split('.');
        var at = root;
        foreach (var step in steps[..^1])
        {
            at = at[step]!.AsObject();
        }

        at[steps[^1]] = value;
        return root;
    }

    /// <summary>Every text of a payload replaced, except at the paths that are named.</summary>
    public static void ReplaceTexts(JsonNode? node, string text, IReadOnlySet<string> except, string path = "")
    {
        if (node is JsonObject branch)
        {
            foreach (var name in branch.Select(pair => pair.Key).ToList())
            {
                var below = path.Length == 0 ? name : $"{path}.{name}";
                if (branch[name] is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.String)
                {
                    branch[name] = except.Contains(below) ? value.DeepClone() : text;
                }
                else
                {
                    ReplaceTexts(branch[name], text, except, below);
                }
            }
        }
        else if (node is JsonArray list)
        {
            foreach (var item in list)
            {
                ReplaceTexts(item, text, except, $"{path}[]");
            }
        }
    }
}
