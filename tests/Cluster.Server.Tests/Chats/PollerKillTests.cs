using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Cluster.Core.Api;
using Cluster.Simulator.Discord;
using Cluster.Simulator.Telegram;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>The node that receives and sends for a bot dies by SIGKILL; another one over the same PostgreSQL takes over.</summary>
public sealed class PollerKillTests
{
    private const int Messages = 20;

    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Another_node_polls_Telegram_within_fifteen_seconds_and_loses_and_repeats_nothing()
    {
        const long alice = 184;
        await using var telegram = new TelegramSimulator();
        await telegram.StartAsync();
        await using var house = await Pair.StartAsync("telegram", TelegramSimulator.Token, telegram.Url);
        telegram.SendText(alice, alice, await house.CodeAsync());
        await telegram.NextMessageAsync(alice, ChatTeam.Patience);

        await house.KillThePollerAsync(text => telegram.SendText(alice, alice, text));

        Assert.Equal("back again", (await telegram.NextMessageAsync(alice, ChatTeam.Patience)).Text);
    }

    [Fact]
    public async Task Another_node_listens_to_Discord_within_fifteen_seconds_and_loses_and_repeats_nothing()
    {
        await using var discord = new DiscordSimulator();
        await discord.StartAsync();
        var (alice, direct) = (discord.Person("Alice"), discord.DirectChat());
        await using var house = await Pair.StartAsync("discord", discord.Token, discord.Api);
        Assert.True((await discord.Gateway.Visits.ReadAsync(ChatTeam.Patience)).LetIn);
        discord.Write(direct, alice, await house.CodeAsync());
        await discord.Sent.Messages.ReadAsync(ChatTeam.Patience);

        await house.KillThePollerAsync(text => discord.Write(direct, alice, text));

        Assert.Equal("back again", (await discord.Sent.Messages.ReadAsync(ChatTeam.Patience)).Content);
    }

    /// <summary>Two nodes as processes of their own over one database, with one bot.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly string _token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        private readonly string _folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;
        private readonly int[] _ports = [Programs.FreePort(), Programs.FreePort()];
        private readonly List<ChildProcess> _nodes = [];
        private string _database = "";

        public static async Task<Pair> StartAsync(string platform, string token, Uri address)
        {
            var pair = new Pair { _database = await PostgresServer.CreateDatabaseAsync() };
            var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
            for (var i = 0; i < 2; i++)
            {
                pair._nodes.Add(Programs.StartNode(
                    Path.Combine(pair._folder, $"{i}"),
                    pair._ports[i],
                    $"--Cluster:Engine={pair._database}",
                    $"--Cluster:Key={key}",
                    $"--Cluster:AdminToken={pair._token}",
                    $"--Cluster:NodeName=node-{i}"));
                await pair._nodes[i].LineWithAsync("is running");
            }

            using var api = pair.Api(0);
            using var added = await api.PostAsJsonAsync(
                "/api/bots", new AddBot { Name = ChatTeam.Bot, Platform = platform, Token = token, BaseUrl = address.ToString() }, ApiJson.Default.AddBot);
            Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
            await pair.HolderAsync(0, _ => true);
            return pair;
        }

        public async Task<string> CodeAsync()
        {
            using var api = Api(0);
            using var made = await api.PostAsync("/api/pairings", null);
            return (await made.Content.ReadFromJsonAsync(ApiJson.Default.NewPairing))!.Code;
        }

        /// <summary>Kills the node that holds the bot's lease while somebody writes, and sees to it that all of it arrives once.</summary>
        public async Task KillThePollerAsync(Action<string> write)
        {
            var dies = await HolderAsync(0, _ => true);
            var lives = 1 - dies;
            await using var client = await HttpMcpClient.AttachAsync(Url(lives), _token, "api");
            write("before");
            Assert.Equal("before", ChatTeam.Content(await client.NextAsync()));

            await _nodes[dies].KillAsync();
            var dead = Stopwatch.GetTimestamp();
            foreach (var number in Enumerable.Range(0, Messages))
            {
                write($"message {number}");
            }

            await HolderAsync(lives, holder => holder == lives);
            var takenOver = Stopwatch.GetElapsedTime(dead);
            var arrived = new List<string>();
            var chat = "";
            while (arrived.Count < Messages)
            {
                var one = await client.NextAsync(40);
                arrived.Add(ChatTeam.Content(one));
                chat = ChatTeam.Meta(one, "chat_id");
            }

            await client.CallAsync("reply", new() { ["chat_id"] = chat, ["text"] = "back again" });

            Assert.Equal(Enumerable.Range(0, Messages).Select(number => $"message {number}"), arrived);
            Assert.False(client.TryNext(out _));
            Assert.True(takenOver < Promised, $"It took {takenOver.TotalSeconds:0.0} s.");
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var node in _nodes)
            {
                await node.DisposeAsync();
            }

            await PostgresServer.DropDatabaseAsync(_database);
            Directory.Delete(_folder, recursive: true);
        }

        private async Task<int> HolderAsync(int node, Func<int, bool> holds)
        {
            using var api = Api(node);
            var patience = ChatTeam.Patience;
            while (true)
            {
                var bots = await api.GetFromJsonAsync("/api/bots", ApiJson.Default.IReadOnlyListBotInfo, patience);
                if (bots!.Single() is { Node: { } holder, HeardAt: not null } && holds(holder[^1] - '0'))
                {
                    return holder[^1] - '0';
                }
            }
        }

        private string Url(int node) => $"http://127.0.0.1:{_ports[node]}";

        private HttpClient Api(int node)
        {
            var client = new HttpClient { BaseAddress = new Uri(Url(node)) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            return client;
        }
    }
}
