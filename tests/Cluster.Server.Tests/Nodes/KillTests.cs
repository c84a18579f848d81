using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.Server.Tests.Nodes;

/// <summary>The node dies by SIGKILL in the middle of a stream of events and comes back five seconds later.</summary>
public sealed class KillTests
{
    private const int Events = 1_000;

    [Fact]
    public async Task A_connector_does_not_notice_and_every_accepted_event_arrives_in_order_with_repeats_marked()
    {
        await using var house = await House.BuildAsync();
        await using var client = TypeScriptClient.OverConnector(house.Home, Path.Combine(house.Folder, "api"));
        await client.NextAsync("connected");

        var accepted = await house.StreamEventsThroughAKillAsync(Events);
        var arrived = await ArrivedAsync(client, accepted);

        Check(accepted, arrived);
        var reply = await client.CallAsync("reply", new JsonObject { ["chat_id"] = "console:admin", ["text"] = "still here" });
        Assert.StartsWith("Sent as message", reply["content"]![0]!["text"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_plain_HTTP_client_comes_back_with_its_old_session_and_every_accepted_event_arrives()
    {
        await using var house = await House.BuildAsync();
        await using var client = TypeScriptClient.OverHttp(house.Url, house.Token, "api");
        var connected = await client.NextAsync("connected");
        await client.NextAsync("stream");

        var accepted = await house.StreamEventsThroughAKillAsync(Events);
        var arrived = await ArrivedAsync(client, accepted);

        Check(accepted, arrived);
        var back = await client.NextAsync("stream");
        while (back["status"]?.GetValue<int>() != 200)
        {
            back = await client.NextAsync("stream");
        }

        Assert.Matches(@"^\d+\.\d+$", back["lastEventId"]!.GetValue<string>());
        Assert.NotNull(connected["sessionId"]);
    }

    private static async Task<List<(string Id, bool Repeat)>> ArrivedAsync(TypeScriptClient client, IReadOnlyCollection<string> accepted)
    {
        var missing = accepted.ToHashSet();
        var arrived = new List<(string, bool)>();
        while (missing.Count > 0)
        {
            var meta = (await client.NextAsync("notification", 60))["params"]!["meta"]!;
            var id = meta["event_id"]!.GetValue<string>();
            missing.Remove(id);
            arrived.Add((id, meta["redelivery"]?.GetValue<string>() == "true"));
        }

        return arrived;
    }

    // Promise 2: nothing missing; first deliveries in order; what comes twice says so and was known.
    private static void Check(List<string> accepted, List<(string Id, bool Repeat)> arrived)
    {
        var first = new List<long>();
        var seen = new HashSet<string>();
        foreach (var (id, repeat) in arrived)
        {
            if (seen.Add(id))
            {
                first.Add(long.Parse(id));
            }
            else
            {
                Assert.True(repeat, $"event {id} came twice without saying so");
            }
        }

        Assert.Empty(accepted.Except(seen));
        Assert.Equal(first.Order(), first);
        Assert.Equal(Events, accepted.Distinct().Count());
    }

    private sealed class House : IAsyncDisposable
    {
        private readonly int _port = Programs.FreePort();
        private ChildProcess _node = null!;

        public string Folder { get; } = Directory.CreateTempSubdirectory("cluster-test-").FullName;

        public string Home => Path.Combine(Folder, "home");

        public string Url => $"http://127.0.0.1:{_port}";

        public string Token { get; private set; } = "";

        public static async Task<House> BuildAsync()
        {
            var house = new House();
            await house.StartAsync();
            house.Token = (await File.ReadAllTextAsync(Path.Combine(house.Folder, "data", "admin-token"))).Trim();
            using var api = new NodeApi(house.Url, house.Token);
            await api.CreateSessionAsync("api");
            return house;
        }

        /// <summary>Sends events one after the other, each until it is accepted; kills the node after a third of them and starts it
        /// again five seconds later.</summary>
        public async Task<List<string>> StreamEventsThroughAKillAsync(int count)
        {
            using var api = new NodeApi(Url, Token);
            var accepted = new List<string>(count);
            Task? restart = null;
            for (var i = 0; i < count; i++)
            {
                string? id;
                while ((id = await api.TryTellAsync("api", $"event {i}", $"number-{i}")) is null)
                {
                    await (restart ?? Task.CompletedTask);
                }

                accepted.Add(id);
                if (i == count / 3)
                {
                    restart = KillAndRestartAsync();
                }
            }

            await restart!;
            return accepted;
        }

        public async ValueTask DisposeAsync()
        {
            await _node.DisposeAsync();
            Directory.Delete(Folder, recursive: true);
        }

        private async Task KillAndRestartAsync()
        {
            await _node.KillAsync();
            await _node.DisposeAsync();
            using var down = new PeriodicTimer(TimeSpan.FromSeconds(5));
            await down.WaitForNextTickAsync(); // the outage itself, not a wait for something to happen
            await StartAsync();
        }

        private async Task StartAsync()
        {
            _node = Programs.StartNode(Folder, _port, "--Cluster:Limits:MessagesPerMinute=1000000");
            await _node.LineWithAsync("is running");
        }
    }
}
