using System.Diagnostics;
using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.Benchmarks.Chats;

/// <summary>A thousand people write at once, and the session answers each twice: nothing is lost, each chat keeps its order, and the bot sends at the
/// platform's limit and never above it, as the simulator counts.</summary>
internal static class ChatBurstBenchmark
{
    private const int Chats = 1_000;
    private const int Answers = 2;
    private const double Limit = 30; // messages a second (Telegram Bots FAQ)
    private const double PromisedShare = 0.8;

    public static async Task RunAsync(Report report)
    {
        Report.Title($"burst: {Chats} chats write at once, {Answers} answers to each, PostgreSQL; the simulator counts Telegram's limits");
        await using var node = await ChatNode.StartAsync(Chats, postgres: true);
        node.Telegram.RateLimited = true;
        await using var client = await HttpMcpClient.AttachAsync(node.Host.Url, node.Host.AdminToken, "api");

        foreach (var person in node.People)
        {
            node.Telegram.SendText(person, person, $"from {person}");
        }

        var arrived = new HashSet<string>();
        var answering = new List<Task>();
        var start = Stopwatch.GetTimestamp();
        while (arrived.Count < Chats)
        {
            var one = await client.NextAsync(60);
            var chat = one["params"]!["meta"]!["chat_id"]!.GetValue<string>();
            arrived.Add(chat);
            answering.Add(AnswerAsync(client, chat));
        }

        Report.Line($"{arrived.Count} messages reached the session after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        var first = Stopwatch.GetTimestamp();
        var inOrder = 0;
        await Task.WhenAll(node.People.Select(async person =>
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(10));
            var texts = new List<string>();
            while (texts.Count < Answers)
            {
                texts.Add((await node.Telegram.NextMessageAsync(person, patience.Token)).Text);
            }

            if (texts.SequenceEqual(texts.Order(StringComparer.Ordinal)))
            {
                Interlocked.Increment(ref inOrder);
            }
        }));
        var seconds = Stopwatch.GetElapsedTime(first).TotalSeconds;
        await Task.WhenAll(answering);
        var perSecond = Chats * Answers / seconds;
        report.Promise(
            "burst", $"{inOrder} of {Chats} chats whole and in order, {perSecond:F1} messages/s, {node.Telegram.TooMany} times above a limit",
            $"all, at least {Limit * PromisedShare:F0} of {Limit:F0} messages/s, never above",
            inOrder == Chats && perSecond >= Limit * PromisedShare && node.Telegram.TooMany == 0);
    }

    private static async Task AnswerAsync(HttpMcpClient client, string chat)
    {
        for (var number = 1; number <= Answers; number++)
        {
            await client.CallAsync("reply", new JsonObject { ["chat_id"] = chat, ["text"] = $"answer {number}" });
        }
    }
}
