using System.Text;
using Microsoft.AspNetCore.Http;

namespace Cluster.Tests.Cli;

/// <summary>What Claude Code sees of the connector, and what the node gets through it.</summary>
public sealed class ConnectorTests
{
    private const string ChannelMessage =
        """{"jsonrpc":"2.0","method":"notifications/claude/channel","params":{"content":"hi","meta":{"event_id":"1"}}}""";

    [Fact]
    public async Task A_client_is_greeted_while_the_node_is_away_and_gets_events_once_it_comes()
    {
        await using var node = await FakeNode.AwayAsync();
        await using var rig = ConnectorRig.For(node);

        await rig.SendAsync("""{"jsonrpc":"2.0","id":"probe","method":"server/discover","params":{}}""");
        var discover = await rig.ReadAsync();
        await rig.SendAsync(ConnectorRig.InitializeRequest);
        var initialize = await rig.ReadAsync();
        await rig.SendAsync(ConnectorRig.InitializedNotification);
        await rig.SendAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""");
        var tools = await rig.ReadAsync();
        await node.StartAgainAsync();
        var stream = await node.NextStreamAsync();
        await stream.EventAsync("7", ChannelMessage);
        var message = await rig.ReadLineAsync();

        Assert.Equal(-32601, discover.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal("probe", discover.GetProperty("id").GetString());
        Assert.Equal("2025-11-25", initialize.GetProperty("result").GetProperty("protocolVersion").GetString());
        Assert.True(initialize.GetProperty("result").GetProperty("capabilities").GetProperty("experimental").TryGetProperty("claude/channel", out _));
        Assert.Equal("reply", tools.GetProperty("result").GetProperty("tools")[0].GetProperty("name").GetString());
        Assert.Equal("4", stream.KeepAlive);
        Assert.Equal(ChannelMessage, message);
    }

    [Fact]
    public async Task The_connector_opens_its_own_session_as_the_client_introduced_itself()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);

        await rig.GreetAsync();
        var initialize = await node.NextAsync();
        var initialized = await node.NextAsync();

        var parameters = initialize.Message.GetProperty("params");
        Assert.Equal("claude-code", parameters.GetProperty("clientInfo").GetProperty("name").GetString());
        Assert.True(parameters.GetProperty("capabilities").TryGetProperty("roots", out _));
        Assert.Equal("api", initialize.ClusterSession);
        Assert.Equal("Bearer clt_test", initialize.Authorization);
        Assert.Equal(("notifications/initialized", "mcp-1"), (initialized.Method, initialized.McpSession));
    }

    [Fact]
    public async Task A_probe_that_only_initializes_never_reaches_the_node()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);

        await rig.SendAsync(ConnectorRig.InitializeRequest);
        await rig.ReadAsync();
        await rig.CallAsync("5");
        var refused = await rig.ReadAsync();
        await rig.CloseStdinAsync();
        await rig.Running;

        Assert.Equal(-32600, refused.GetProperty("error").GetProperty("code").GetInt32());
        Assert.False(node.AnyArrived);
        Assert.False(node.AnyStream);
    }

    [Fact]
    public async Task Bad_lines_get_errors_and_the_connector_lives_on()
    {
        await using var node = await FakeNode.AwayAsync();
        await using var rig = ConnectorRig.For(node);
        (byte[] Line, int Code, string Id)[] bad =
        [
            ("not json"u8.ToArray(), -32700, "null"),
            ("""{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"""u8.ToArray(), -32700, "null"),
            (Encoding.UTF8.GetBytes(new string('[', 200) + new string(']', 200)), -32700, "null"),
            ([0x22, 0xFF, 0xFE, 0x22], -32700, "null"),
            ("[]"u8.ToArray(), -32600, "null"),
            ("""{"id":7,"method":"ping"}"""u8.ToArray(), -32600, "7"),
            ("""{"jsonrpc":"2.0","id":8,"method":"\ud800"}"""u8.ToArray(), -32600, "8"),
            ("""{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"""u8.ToArray(), -32600, "null"),
            ("""{"jsonrpc":"2.0","id":{},"method":"ping"}"""u8.ToArray(), -32600, "null"),
            (Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":9,"method":"{{new string('x', 9 * 1024 * 1024)}}"}"""), -32600, "null"),
        ];

        foreach (var (line, code, id) in bad)
        {
            await rig.SendAsync([.. line, (byte)'\n']);
            var error = await rig.ReadAsync();

            Assert.Equal((code, id), (error.GetProperty("error").GetProperty("code").GetInt32(), error.GetProperty("id").GetRawText()));
        }

        await rig.SendAsync("\r\n" + """{"jsonrpc":"2.0","id":"alive","method":"ping"}""" + "\r");
        var pong = await rig.ReadAsync();

        Assert.Equal("alive", pong.GetProperty("id").GetString());
        Assert.True(pong.TryGetProperty("result", out _));
    }

    [Fact]
    public async Task Messages_reach_the_node_in_their_order()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);
        var first = 0;
        node.Answer = (context, arrived) =>
        {
            if (arrived.Id == "0" && Interlocked.Exchange(ref first, 1) == 0)
            {
                context.Abort();
                return Task.CompletedTask;
            }

            return FakeNode.ReplyAsync(context, arrived, """{"content":[]}""");
        };

        await rig.GreetAsync();
        for (var i = 0; i < 20; i++)
        {
            await rig.CallAsync($"{2 * i}");
            await rig.SendAsync($$$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"n":{{{(2 * i) + 1}}}}}""");
        }

        var order = new List<int>();
        while (order.Count < 41)
        {
            var arrived = await node.NextBeyondHandshakeAsync();
            order.Add(arrived.Id.Length > 0 ? int.Parse(arrived.Id) : arrived.Message.GetProperty("params").GetProperty("n").GetInt32());
        }

        Assert.Equal([0, .. Enumerable.Range(0, 40)], order);
    }

    [Fact]
    public async Task A_ping_is_answered_with_its_own_id_past_a_stuck_call()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);
        node.Answer = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

        await rig.GreetAsync();
        var stream = await node.NextStreamAsync();
        await rig.CallAsync("1");
        var call = await node.NextBeyondHandshakeAsync();
        await stream.WriteAsync("""data: {"jsonrpc":"2.0","id":"7.3","method":"ping"}""" + "\n\n");
        var ping = await rig.ReadAsync();
        await rig.SendAsync("""{"jsonrpc":"2.0","id":"7.3","result":{}}""");
        var pong = await node.NextBeyondHandshakeAsync();

        Assert.Equal("tools/call", call.Method);
        Assert.Equal("ping", ping.GetProperty("method").GetString());
        Assert.Equal("\"7.3\"", pong.Id);
    }

    [Fact]
    public async Task A_call_that_the_node_has_taken_holds_up_nothing_though_its_answer_is_still_to_come()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Answer = async (context, arrived) =>
        {
            if (arrived.Id == "1")
            {
                context.Response.ContentType = "application/json";
                await context.Response.Body.FlushAsync();
                await answer.Task;
            }

            await context.Response.WriteAsync($$$"""{"jsonrpc":"2.0","id":{{{arrived.Id}}},"result":{"content":[]}}""");
        };

        await rig.GreetAsync();
        await rig.CallAsync("1");
        await rig.SendAsync("""{"jsonrpc":"2.0","method":"notifications/claude/channel/permission_request","params":{"request_id":"abcde"}}""");
        var passed = new[] { (await node.NextBeyondHandshakeAsync()).Method, (await node.NextBeyondHandshakeAsync()).Method };
        answer.SetResult();
        var answered = await rig.ReadAsync();

        Assert.Equal(["tools/call", "notifications/claude/channel/permission_request"], passed);
        Assert.Equal("1", answered.GetProperty("id").GetRawText());
    }

    [Fact]
    public async Task An_answer_to_what_the_node_never_asked_in_this_session_is_dropped()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);

        await rig.GreetAsync();
        await node.NextStreamAsync();
        await rig.SendAsync("""{"jsonrpc":"2.0","id":"6.1","result":{}}""");
        await rig.CallAsync("1");
        var next = await node.NextBeyondHandshakeAsync();

        Assert.Equal("tools/call", next.Method);
    }

    [Fact]
    public async Task A_cancelled_call_gets_no_answer_and_lets_the_next_one_pass()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);
        node.Answer = (context, arrived) => arrived.Id == "1"
            ? Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default)
            : FakeNode.ReplyAsync(context, arrived, """{"content":[]}""");

        await rig.GreetAsync();
        await rig.CallAsync("1");
        await node.NextBeyondHandshakeAsync();
        await rig.CallAsync("2");
        await rig.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""");
        var answer = await rig.ReadAsync();
        var passed = new[] { (await node.NextBeyondHandshakeAsync()).Method, (await node.NextBeyondHandshakeAsync()).Method };

        Assert.Equal("2", answer.GetProperty("id").GetRawText());
        Assert.Equal(["notifications/cancelled", "tools/call"], passed.Order());
    }

    [Fact]
    public async Task A_message_of_many_lines_becomes_one_line()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);

        await rig.GreetAsync();
        var stream = await node.NextStreamAsync();
        await stream.WriteAsync("data: no json\n\ndata: [1]\n\nid: 5\ndata:\n\n");
        await stream.EventAsync("6", "{\n\"jsonrpc\":\"2.0\",\n\"method\":\"notifications/x\",\"params\":{\"text\":\"a\\nb é \\u2028\"}\n}");
        var line = await rig.ReadLineAsync();

        Assert.Equal("""{ "jsonrpc":"2.0", "method":"notifications/x","params":{"text":"a\nb é \u2028"} }""", line);
    }

    [Fact]
    public async Task The_end_of_stdin_lets_waiting_messages_go_and_closes_the_session()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);

        await rig.GreetAsync();
        await node.NextStreamAsync();
        await rig.SendAsync("""{"jsonrpc":"2.0","method":"notifications/claude/channel/permission_request","params":{"request_id":"abcde"}}""");
        await rig.CloseStdinAsync();
        await rig.Running;
        var last = await node.NextBeyondHandshakeAsync();

        Assert.Equal("notifications/claude/channel/permission_request", last.Method);
        Assert.Equal("mcp-1", await node.Deleted.Task);
    }
}
