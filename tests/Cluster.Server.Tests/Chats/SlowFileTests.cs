using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>A file that takes long to send, on a line that is slow.</summary>
public sealed class SlowFileTests
{
    private const long Alice = 184;
    private const long Bob = 22;

    [Fact]
    public async Task A_slow_file_holds_up_its_own_conversation_and_nobody_else()
    {
        await using var node = await NodeHost.StartAsync();
        await using var team = await ChatTeam.StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);
        await team.PairAsync(node, Bob, await node.InviteAsync("bob"));
        await node.AllowAsync("telegram:22", "api", "talk");
        team.Telegram.SendText(Alice, Alice, "the file, please");
        var alices = await client.NextAsync();
        team.Telegram.SendText(Bob, Bob, "and for me a word");
        var bobs = await client.NextAsync();

        var free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        team.Telegram.HoldNext("sendDocument", free.Task);
        var file = ReplyAsync(client, alices, "here", await UploadAsync(node));
        Assert.Equal("here", (await team.NextAsync(Alice)).Text);
        await team.Telegram.NextCallAsync("sendDocument", ChatTeam.Patience);
        var after = ReplyAsync(client, alices, "that was it");
        var word = await ReplyAsync(client, bobs, "a word");
        var text = (await team.NextAsync(Bob)).Text;
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde"));
        var prompt = await team.NextAsync(Alice);
        free.SetResult();
        var sent = await team.NextAsync(Alice);
        var last = await team.NextAsync(Alice);

        Assert.StartsWith("Sent as message", word);
        Assert.Equal("a word", text);
        Assert.Contains("rm -rf build", prompt.Text);
        Assert.Single(sent.Files);
        Assert.Equal("that was it", last.Text);
        Assert.StartsWith("Sent as message", await file);
        Assert.StartsWith("Sent as message", await after);
    }

    private static async Task<string> UploadAsync(NodeHost node)
    {
        using var api = node.Api();
        using var uploaded = await api.PostAsync("/api/sessions/admin/api/files?name=a.txt", new ByteArrayContent([1, 2, 3]));
        return (await uploaded.Content.ReadFromJsonAsync(ApiJson.Default.UploadInfo))!.Id;
    }

    private static Task<string> ReplyAsync(HttpMcpClient client, JsonObject arrived, string text, params string[] files) =>
        client.CallAsync("reply", new JsonObject
        {
            ["chat_id"] = ChatTeam.Meta(arrived, "chat_id"),
            ["text"] = text,
            ["files"] = new JsonArray([.. files.Select(file => (JsonNode)file)]),
        });
}
