using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Cli;

/// <summary>The connector's link to a node that fails in every way it can.</summary>
public sealed class ConnectorLinkTests
{
    private const string ChannelMessage =
        """{"jsonrpc":"2.0","method":"notifications/claude/channel","params":{"content":"hi","meta":{"event_id":"1"}}}""";

    private const string Ping = """{"jsonrpc":"2.0","id":"4.1","method":"ping"}""";
    private const string Pong = """{"jsonrpc":"2.0","id":"4.1","result":{}}""";

    [Fact]
    public async Task Ten_seconds_of_silence_lead_to_a_new_stream_that_says_where_it_was()
    {
        var clock = new FakeTimeProvider();
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node, clock);

        await rig.GreetAsync();
        var first = await node.NextStreamAsync();
        await first.EventAsync("e-41", Ping);
        await rig.ReadAsync();
        await rig.SendAsync(Pong);
        await node.NextBeyondHandshakeAsync();
        await first.EventAsync("e-42", Ping.Replace("4.1", "4.2", StringComparison.Ordinal));
        await rig.ReadAsync();
        var next = node.NextStreamAsync();
        await Clocks.AdvanceUntilAsync(clock, next);
        var second = await next;
        await first.Gone;

        Assert.Equal("e-41", second.LastEventId);
        Assert.Equal(first.McpSession, second.McpSession);
    }

    [Fact]
    public async Task A_comment_every_few_seconds_keeps_the_stream()
    {
        var clock = new FakeTimeProvider();
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node, clock);

        await rig.GreetAsync();
        var stream = await node.NextStreamAsync();
        // Once it was read the stream is open at this end too, and time may go on.
        await stream.EventAsync("first", ChannelMessage);
        await rig.ReadAsync();
        for (var i = 0; i < 10; i++)
        {
            // The event after the comment proves that its bytes were read before time goes on.
            clock.Advance(TimeSpan.FromSeconds(4));
            await stream.WriteAsync(": keep-alive\n\n");
            await stream.EventAsync($"{i}", ChannelMessage);
            await rig.ReadAsync();
        }

        Assert.False(node.AnyStream);
        Assert.False(stream.Gone.IsCompleted);
    }

    [Fact]
    public async Task Nodes_that_leave_one_after_another_do_not_make_the_next_stream_late()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);
        await rig.GreetAsync();
        var began = TimeProvider.System.GetTimestamp();

        for (var i = 0; i < 7; i++)
        {
            var stream = await node.NextStreamAsync();
            await stream.EventAsync($"{i}", ChannelMessage);
            await rig.ReadAsync();
            stream.Cut();
        }

        await node.NextStreamAsync();

        // Seven waits that grow are nine seconds at the least.
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task A_call_that_is_cut_is_sent_again_with_the_same_id_in_the_same_session()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);
        var tries = 0;
        node.Answer = (context, arrived) =>
        {
            if (Interlocked.Increment(ref tries) == 1)
            {
                context.Abort();
                return Task.CompletedTask;
            }

            return FakeNode.ReplyAsync(context, arrived, """{"content":[],"done":true}""");
        };

        await rig.GreetAsync();
        await rig.CallAsync("\"call-1\"");
        var first = await node.NextBeyondHandshakeAsync();
        var second = await node.NextBeyondHandshakeAsync();
        var answer = await rig.ReadAsync();

        Assert.Equal((first.Id, first.McpSession), (second.Id, second.McpSession));
        Assert.Equal("\"call-1\"", answer.GetProperty("id").GetRawText());
        Assert.True(answer.GetProperty("result").GetProperty("done").GetBoolean());
    }

    [Fact]
    public async Task A_node_that_is_not_ready_is_asked_again()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);
        var tries = 0;
        node.Answer = (context, arrived) =>
        {
            context.Response.Headers.RetryAfter = "0";
            return Interlocked.Increment(ref tries) == 1
                ? FakeNode.JsonAsync(context, 503, """{"detail":"The engine is away."}""")
                : FakeNode.ReplyAsync(context, arrived, """{"content":[]}""");
        };

        await rig.GreetAsync();
        await rig.CallAsync("1");
        var answer = await rig.ReadAsync();

        Assert.Equal(2, tries);
        Assert.True(answer.TryGetProperty("result", out _));
    }

    [Fact]
    public async Task A_session_that_the_node_forgot_is_made_anew_for_calls_and_stream()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);

        await rig.GreetAsync();
        var first = await node.NextStreamAsync();
        await first.EventAsync("9", ChannelMessage);
        await rig.ReadAsync();
        node.ForgetMcpSessions();
        await rig.CallAsync("3");
        var answer = await rig.ReadAsync();
        var call = await node.NextBeyondHandshakeAsync();
        first.Cut();
        var second = await node.NextStreamAsync();

        Assert.Equal("3", answer.GetProperty("id").GetRawText());
        Assert.Equal("mcp-2", call.McpSession);
        Assert.Equal(("mcp-2", ""), (second.McpSession, second.LastEventId));
    }

    [Fact]
    public async Task After_two_minutes_Claude_is_told_that_the_node_is_away()
    {
        var clock = new FakeTimeProvider();
        await using var node = await FakeNode.AwayAsync();
        await using var rig = ConnectorRig.For(node, clock);

        await rig.GreetAsync();
        await rig.CallAsync("1");
        await rig.CallAsync("2");
        var answers = rig.ReadAsync(2);
        var began = clock.GetUtcNow();
        await Clocks.AdvanceUntilAsync(clock, answers);

        foreach (var answer in await answers)
        {
            Assert.True(answer.GetProperty("result").GetProperty("isError").GetBoolean());
            Assert.Contains("cannot be reached", answer.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString());
        }

        Assert.InRange(clock.GetUtcNow() - began, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(3));
    }

    [Fact]
    public async Task A_login_heals_a_connector_that_started_without_one()
    {
        using var home = new TemporaryHome();
        await using var node = await FakeNode.StartAsync();
        await using var rig = new ConnectorRig(name => name == "CLUSTER_HOME" ? home.Path : null);

        await rig.GreetAsync();
        await rig.CallAsync("1");
        var before = await rig.ReadAsync();
        await home.LogInAsync(node.Url, "clt_test");
        await rig.CallAsync("2");
        var after = await rig.ReadAsync();

        Assert.True(before.GetProperty("result").GetProperty("isError").GetBoolean());
        Assert.Contains("cluster login", before.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString());
        Assert.False(after.GetProperty("result").TryGetProperty("isError", out _));
    }

    [Fact]
    public async Task A_refusal_in_JSON_RPCs_own_form_is_passed_on_in_its_words()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);
        node.Answer = (context, _) =>
        {
            context.Response.StatusCode = 400;
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"That will not do."}}""");
        };

        await rig.GreetAsync();
        await rig.CallAsync("1");
        var answer = await rig.ReadAsync();

        Assert.Contains("That will not do. ", answer.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_token_that_is_not_accepted_is_said_in_the_tools_answer_and_never_shown()
    {
        await using var node = await FakeNode.StartAsync();
        node.Token = "clt_another";
        await using var rig = ConnectorRig.For(node);

        await rig.GreetAsync();
        await rig.CallAsync("1");
        var answer = await rig.ReadAsync();

        var text = answer.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString()!;
        Assert.True(answer.GetProperty("result").GetProperty("isError").GetBoolean());
        Assert.Contains("does not accept the token", text);
        Assert.DoesNotContain("clt_test", text + rig.Notes);
    }

    [Fact]
    public async Task A_node_that_dies_and_comes_back_is_not_noticed_by_the_client()
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node);

        await rig.GreetAsync();
        var first = await node.NextStreamAsync();
        await first.EventAsync("1", Ping);
        await rig.ReadAsync();
        await rig.SendAsync(Pong);
        await node.NextBeyondHandshakeAsync();
        await node.StopAsync();
        await rig.CallAsync("1");
        await node.StartAgainAsync();
        var second = await node.NextStreamAsync();
        await second.EventAsync("2", ChannelMessage);
        string[] lines = [await rig.ReadLineAsync(), await rig.ReadLineAsync()];

        Assert.Equal(("mcp-1", "1"), (second.McpSession, second.LastEventId));
        Assert.Contains(ChannelMessage, lines);
        Assert.Contains("""{"jsonrpc":"2.0","id":1,"result":{"content":[]}}""", lines);
    }
}
