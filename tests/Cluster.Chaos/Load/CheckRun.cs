using System.Globalization;
using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.Chaos.Load;

/// <summary>GitHub's example of a failed check run, cut down to what is read of it: the load shall not be the sender's own work.</summary>
internal static class CheckRun
{
    private const string Id = "128620228";

    private static readonly string Short = Cut();

    public static string Number(long number) => Short.Replace(Id, number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private static string Cut()
    {
        var whole = JsonNode.Parse(GitHubSender.CheckRun)!;
        var run = whole["check_run"]!;
        return new JsonObject
        {
            ["action"] = whole["action"]!.DeepClone(),
            ["check_run"] = new JsonObject
            {
                ["id"] = run["id"]!.DeepClone(),
                ["head_sha"] = run["head_sha"]!.DeepClone(),
                ["html_url"] = run["html_url"]!.DeepClone(),
                ["conclusion"] = run["conclusion"]!.DeepClone(),
                ["name"] = run["name"]!.DeepClone(),
                ["check_suite"] = new JsonObject { ["head_branch"] = run["check_suite"]!["head_branch"]!.DeepClone() },
                ["app"] = new JsonObject { ["slug"] = run["app"]!["slug"]!.DeepClone() },
            },
            ["repository"] = new JsonObject
            {
                ["id"] = whole["repository"]!["id"]!.DeepClone(),
                ["full_name"] = whole["repository"]!["full_name"]!.DeepClone(),
            },
        }.ToJsonString();
    }
}
