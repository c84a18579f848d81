using System.Text;
using System.Text.Json.Nodes;
using Cluster.Simulator.Discord;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>A file's whole way: from somebody's chat to the disk beside Claude Code and back, by the official TypeScript SDK behind
/// <c>cluster connect</c>.</summary>
public sealed class FilePathTests
{
    private const long Alice = 184;

    [Fact]
    public async Task Telegram_brings_an_album_to_the_disk_and_takes_files_from_it()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var desk = new Desk(node);
        await node.UntilAttachedAsync("api");
        await team.PairAsync(node, Alice);

        team.Telegram.SendAlbum(Alice, Alice, 2, "before and after");
        var (arrived, saved) = await desk.SaveAsync();
        var replied = await desk.ReplyAsync(arrived, "report.txt", "chart.png");
        var text = await team.NextAsync(Alice);
        var first = await team.NextAsync(Alice);
        var second = await team.NextAsync(Alice);

        Assert.Matches(
            @"^before and after\n\[attached 1: photo, 1 bytes; download_attachment fetches it\]\n\[attached 2: photo, 1 bytes; download_attachment fetches it\]$",
            ChatTeam.Content(arrived));
        Assert.Equal([[0], [1]], saved);
        Assert.Equal("Here they are.", text.Text);
        Assert.Equal(
            [("document", "report.txt", "all of it"), ("photo", "chart.png", "\u0089PNG\r\n\u001a\n")],
            new[] { first, second }.Select(message => Assert.Single(message.Files)).Select(file => (file.Kind, file.Name, Encoding.Latin1.GetString(file.Content))));
        Assert.Matches(@"^Sent as message \d+ \(Telegram messages \d+, \d+, \d+\)\. 1 marked answered\.", replied);
    }

    [Fact]
    public async Task Discord_brings_files_to_the_disk_and_takes_files_from_it()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        await using var desk = new Desk(node);
        await node.UntilAttachedAsync("api");
        var (alice, direct) = await team.PairAsync(node, "Alice");

        team.Discord.Write(direct, alice, "before and after", new DiscordWriting
        {
            Files =
            [
                new DiscordFile("910000000000000001", "one.txt", 1, "text/plain") { Content = [0] },
                new DiscordFile("910000000000000002", "two.png", 1, "image/png") { Content = [1] },
            ],
        });
        var (arrived, saved) = await desk.SaveAsync();
        var replied = await desk.ReplyAsync(arrived, "report.txt", "chart.png");
        var text = await team.NextAsync();
        var files = await team.NextAsync();

        Assert.Equal([[0], [1]], saved);
        Assert.Equal("Here they are.", text.Content);
        Assert.Equal(
            [("report.txt", "all of it"), ("chart.png", "\u0089PNG\r\n\u001a\n")],
            files.Files.Select(file => (file.Name, Encoding.Latin1.GetString(file.Content))));
        Assert.Matches(@"^Sent as message \d+ \(Discord messages \d+, \d+\)\. 1 marked answered\.", replied);
    }

    /// <summary>Claude Code's side: a project folder, and a client whose child is <c>cluster connect</c>.</summary>
    private sealed class Desk : IAsyncDisposable
    {
        private readonly string _project;
        private readonly string _home;
        private readonly TypeScriptClient _client;

        public Desk(NodeHost node)
        {
            _project = Path.Combine(node.Folder, "api");
            _home = Path.Combine(node.Folder, "home");
            Directory.CreateDirectory(_project);
            File.WriteAllText(Path.Combine(_project, "report.txt"), "all of it");
            File.WriteAllBytes(Path.Combine(_project, "chart.png"), [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
            _client = TypeScriptClient.OverConnector(_home, _project);
        }

        /// <summary>Takes a message, and has its files saved.</summary>
        public async Task<(JsonObject Arrived, IReadOnlyList<byte[]> Saved)> SaveAsync()
        {
            var arrived = (await _client.NextAsync("notification"))["params"]!.AsObject();
            var message = new JsonObject { ["params"] = arrived.DeepClone() };
            var answer = await CallAsync("download_attachment", new JsonObject
            {
                ["chat_id"] = ChatTeam.Meta(message, "chat_id"),
                ["message_id"] = ChatTeam.Meta(message, "event_id"),
            });
            var cache = TypeScriptClient.CacheOf(_home);
            var paths = answer.Split('\n').Select(line => line[Math.Max(0, line.IndexOf(cache, StringComparison.Ordinal))..])
                .Where(line => line.StartsWith(cache, StringComparison.Ordinal)).Select(line => line[..line.LastIndexOf(" (", StringComparison.Ordinal)]).ToList();
            return (message, [.. paths.Select(File.ReadAllBytes)]);
        }

        public Task<string> ReplyAsync(JsonObject arrived, params string[] files) => CallAsync("reply", new JsonObject
        {
            ["chat_id"] = ChatTeam.Meta(arrived, "chat_id"),
            ["reply_to"] = ChatTeam.Meta(arrived, "event_id"),
            ["text"] = "Here they are.",
            ["files"] = new JsonArray([.. files.Select(file => (JsonNode)Path.Combine(_project, file))]),
        });

        public ValueTask DisposeAsync() => _client.DisposeAsync();

        private async Task<string> CallAsync(string tool, JsonObject arguments) =>
            (await _client.CallAsync(tool, arguments))["content"]![0]!["text"]!.GetValue<string>();
    }
}
