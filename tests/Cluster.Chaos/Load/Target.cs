using System.Net.Http.Headers;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Chaos.Load;

/// <summary>A session as senders see it: a source that is routed to it, and the address of its messages.</summary>
internal sealed record Target
{
    public required string Session { get; init; }

    /// <summary>The path of its GitHub source.</summary>
    public required string Hook { get; init; }

    public required string Secret { get; init; }

    public required string Token { get; init; }

    /// <summary>Makes the session and a source for it.</summary>
    public static async Task<Target> CreateAsync(HttpClient api, string session, string token, CancellationToken ct)
    {
        using var made = await api.PostAsync($"/api/sessions/me/{session}", null, ct);
        made.EnsureSuccessStatusCode();
        using var added = await api.PostAsJsonAsync(
            "/api/sources", new AddSource { Kind = "github", Name = session, Session = session }, ApiJson.Default.AddSource, ct);
        added.EnsureSuccessStatusCode();
        var source = (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource, ct))!;
        return new Target { Session = session, Hook = new Uri(source.Url).AbsolutePath, Secret = source.Secret!, Token = token };
    }

    /// <summary>A failed check run whose id is this number, as GitHub signs and sends it.</summary>
    public Func<Uri, HttpRequestMessage> Webhook(long number, string deliveryId, HttpClient http)
    {
        var body = CheckRun.Number(number);
        return node => new GitHubSender(http, new Uri(node, Hook).ToString(), Secret).Request(body, deliveryId: deliveryId);
    }

    /// <summary>A person's message that names this number.</summary>
    public Func<Uri, HttpRequestMessage> Message(long number) => node =>
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(node, $"/api/sessions/me/{Session}/messages"))
        {
            Content = JsonContent.Create(
                new SendMessage { Text = $"number {number}: what is the state of main?", ClientId = $"number-{number}" }, ApiJson.Default.SendMessage),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        return request;
    };
}
