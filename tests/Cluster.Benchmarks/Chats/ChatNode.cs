using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Simulator.Telegram;
using Cluster.Storage.Engines;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Benchmarks.Chats;

/// <summary>A real node with one session, a simulated Telegram on the same machine, and people whom the session's allowlist lets in.</summary>
internal sealed class ChatNode : IAsyncDisposable
{
    private const int FirstPerson = 1_000;

    private readonly string? _database;

    private ChatNode(NodeHost host, string? database) => (Host, _database) = (host, database);

    public NodeHost Host { get; }

    public TelegramSimulator Telegram { get; } = new();

    /// <summary>Their ids, which are those of their direct chats as well.</summary>
    public IReadOnlyList<long> People { get; private set; } = [];

    public static async Task<ChatNode> StartAsync(int people, bool postgres)
    {
        var database = postgres ? await PostgresServer.CreateDatabaseAsync() : null;
        var host = await NodeHost.StartInProcessAsync(
        [
            "--Cluster:Limits:MessagesPerMinute=1000000",
            "--Cluster:Limits:MailboxWaiting=10000000",
            .. database is null ? (string[])[] : [$"--Cluster:Engine={database}", $"--Cluster:Key={Convert.ToBase64String(new byte[32])}"],
        ]);
        var node = new ChatNode(host, database) { People = [.. Enumerable.Range(FirstPerson, people).Select(id => (long)id)] };
        await node.Telegram.StartAsync();
        using var api = host.Api();
        (await api.PostAsync("/api/sessions/admin/api", null)).EnsureSuccessStatusCode();
        // As if each had been paired with the session's owner: an allowlist does not hold that many.
        var engine = host.Services.GetRequiredService<Engine>();
        await engine.TurnAsync(
            async turn =>
            {
                foreach (var person in node.People)
                {
                    await turn.Db.ExecuteAsync("INSERT INTO identity (id, principal) VALUES (@id, 'admin')", ("@id", $"telegram:{person}"));
                }

                return true;
            },
            CancellationToken.None);
        (await api.PostAsJsonAsync(
            "/api/bots",
            new AddBot { Name = "team", Platform = "telegram", Token = TelegramSimulator.Token, BaseUrl = node.Telegram.Url.ToString() },
            ApiJson.Default.AddBot)).EnsureSuccessStatusCode();
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Telegram.DisposeAsync();
        if (_database is not null)
        {
            await PostgresServer.DropDatabaseAsync(_database);
        }
    }
}
