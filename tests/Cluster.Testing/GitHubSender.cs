using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Cluster.Testing;

/// <summary>Sends webhooks as GitHub does, from its published payloads.</summary>
public sealed class GitHubSender(HttpClient http, string url, string secret)
{
    /// <summary>The failed check run of GitHub's own examples.</summary>
    public static string CheckRun => Sample("check_run.completed.failure.json");

    public static string Sample(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Samples", "github", file));

    /// <summary>The failed check run with another id, so that it is an event of its own.</summary>
    public static string CheckRunNumber(long id)
    {
        var payload = JsonNode.Parse(CheckRun)!;
        payload["check_run"]!["id"] = id;
        return payload.ToJsonString();
    }

    public static string Sign(string secret, ReadOnlySpan<byte> body) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body))}";

    /// <summary>The same sender, aiming at another node.</summary>
    public GitHubSender At(string nodeUrl) => new(http, nodeUrl + new Uri(url).AbsolutePath, secret);

    /// <summary>Builds a properly signed request; tests then spoil it as they like.</summary>
    public HttpRequestMessage Request(string body, string eventName = "check_run", string? deliveryId = null)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-GitHub-Event", eventName);
        request.Headers.Add("X-GitHub-Delivery", deliveryId ?? Guid.NewGuid().ToString());
        request.Headers.Add("X-Hub-Signature-256", Sign(secret, bytes));
        return request;
    }

    public async Task<HttpResponseMessage> SendAsync(string body, string eventName = "check_run", string? deliveryId = null) =>
        await http.SendAsync(Request(body, eventName, deliveryId));
}
