using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Cluster.Core.Api;

namespace Cluster.Testing;

/// <summary>The API of a node that runs as a process of its own, through its deaths: a call waits until the node is there again.</summary>
public sealed class NodeApi : IDisposable
{
    private readonly HttpClient _http;

    public NodeApi(string url, string token)
    {
        _http = new HttpClient { BaseAddress = new Uri(url) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public async Task CreateSessionAsync(string session) =>
        (await _http.PostAsync($"/api/sessions/me/{session}", null)).EnsureSuccessStatusCode();

    /// <summary>Sends a message; a caller with a client id may be cut off and send it again.</summary>
    /// <returns>The event's id, or null when the node did not accept it.</returns>
    public async Task<string?> TryTellAsync(string session, string text, string clientId)
    {
        try
        {
            using var sent = await _http.PostAsJsonAsync(
                $"/api/sessions/me/{session}/messages", new SendMessage { Text = text, ClientId = clientId }, ApiJson.Default.SendMessage);
            return sent.StatusCode == HttpStatusCode.Accepted
                ? (await sent.Content.ReadFromJsonAsync(ApiJson.Default.MessageAccepted))!.EventId
                : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async Task<string> TellAsync(string session, string text) =>
        await TryTellAsync(session, text, Guid.NewGuid().ToString("N")) ?? throw new InvalidOperationException("The node did not accept the message.");

    public void Dispose() => _http.Dispose();
}
