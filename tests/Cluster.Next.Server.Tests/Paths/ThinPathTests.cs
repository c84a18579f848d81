using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Next.Server.Tests.Paths;

/// <summary>A message's whole way, through real nodes and a real client: said, pushed, proved, answered, read again.</summary>
public sealed class ThinPathTests
{
    [Fact]
    public async Task A_message_reaches_the_stream_is_proved_and_answered_and_stands_in_the_conversation()
    {
        await using var node = await NodeProcess.StartAsync();
        await using var client = await HttpMcpClient.AttachAsync(UrlOf(node), node.Token, "api");

        var said = await SayAsync([node], node.Token, "api", "Is main green?", "one");
        var pushed = (await client.NextAsync())["params"]!;
        var answer = await client.CallAsync("reply", new JsonObject { ["chat_id"] = "console:admin", ["text"] = "It is." });

        Assert.Equal(("Is main green?", said, "owner"), (Text(pushed["content"]), Text(pushed["meta"]!["event_id"]), Text(pushed["meta"]!["trust"])));
        Assert.StartsWith("sent (id ", answer);
        Assert.Equal(
            [("in", "Is main green?", "answered"), ("out", "It is.", null)],
            (await LinesAsync(node, "api")).Select(line => (line.Direction, line.Text, line.State)));
    }

    [Fact]
    public async Task A_message_that_comes_again_enters_once_and_names_its_event()
    {
        await using var node = await NodeProcess.StartAsync();
        using var made = await node.Http.PostAsync("/api/sessions/me/api", null);

        var first = await SayAsync([node], node.Token, "api", "once", "same");
        var again = await SayAsync([node], node.Token, "api", "once", "same");

        Assert.Equal(first, again);
        Assert.Single(await LinesAsync(node, "api"));
    }

    [Fact]
    public async Task Strangers_tokens_are_refused_and_sessions_of_others_are_unknown()
    {
        await using var node = await NodeProcess.StartAsync();
        using var stranger = new HttpClient { BaseAddress = node.Http.BaseAddress };
        stranger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", new string('x', 40));

        using var refused = await stranger.GetAsync("/api/sessions");
        using var unknown = await node.Http.GetAsync("/api/sessions/alice/api");
        using var deaf = await stranger.PostAsync("/mcp", new StringContent("{}"));

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, deaf.StatusCode);
    }

    [Fact]
    public async Task Nodes_may_die_and_what_was_accepted_arrives_once_known_and_in_order()
    {
        const int Sessions = 5;
        const int Messages = 30;
        await using var cluster = await NodeCluster.StartAsync(3);
        var token = cluster[0].Token;
        var alive = new List<NodeProcess> { cluster[0], cluster[1], cluster[2] };
        var told = 0;

        async Task TalkAsync(string session)
        {
            // The stream's node lives; its session's grain may be on either of the others.
            await using var client = await HttpMcpClient.AttachAsync(UrlOf(cluster[2]), token, session);
            var accepted = new List<(string Id, string Text)>();
            for (var i = 0; i < Messages; i++)
            {
                accepted.Add((await SayAsync(alive, token, session, $"m{i}", $"c{i}"), $"m{i}"));
                Interlocked.Increment(ref told);
            }

            var seen = new List<(string Id, string Text)>();
            while (seen.Count < Messages)
            {
                var pushed = (await client.NextAsync(seconds: 60))["params"]!;
                var next = (Text(pushed["meta"]!["event_id"]), Text(pushed["content"]));
                if (seen.Contains(next))
                {
                    Assert.Equal("true", Text(pushed["meta"]!["redelivery"]));
                }
                else
                {
                    seen.Add(next);
                }
            }

            Assert.Equal(accepted, seen);
        }

        async Task KillAsync(int node, int after)
        {
            while (Volatile.Read(ref told) < after)
            {
                await Task.Yield();
            }

            await cluster[node].KillAsync();
        }

        var killing = Task.Run(async () =>
        {
            await KillAsync(0, Sessions * Messages / 4);
            await KillAsync(1, Sessions * Messages / 2);
        });
        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(n => TalkAsync($"s{n}")));
        await killing;
    }

    private static string UrlOf(NodeProcess node) => node.Http.BaseAddress!.ToString().TrimEnd('/');

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    // As a careful client does: the same message at the next node until one has taken it.
    private static async Task<string> SayAsync(List<NodeProcess> nodes, string token, string session, string text, string clientId)
    {
        for (var tried = 0; ; tried++)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, new Uri($"{UrlOf(nodes[tried % nodes.Count])}/api/sessions/me/{session}/messages"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Content = JsonContent.Create(new SendMessage { Text = text, ClientId = clientId }, ApiJson.Default.SendMessage);
            try
            {
                using var response = await nodes[tried % nodes.Count].Http.SendAsync(request, TestContext.Current.CancellationToken);
                if (response.StatusCode == HttpStatusCode.Accepted)
                {
                    return (await response.Content.ReadFromJsonAsync(ApiJson.Default.MessageAccepted))!.EventId;
                }

                Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && tried < 60)
            {
                // dead, or too slow: the next one
            }
        }
    }

    private static async Task<IReadOnlyList<ConversationLine>> LinesAsync(NodeProcess node, string session) =>
        (await node.Http.GetFromJsonAsync($"/api/sessions/me/{session}/messages", ApiJson.Default.IReadOnlyListConversationLine))!;
}
