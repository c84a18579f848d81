using System.Text.Json;
using Cluster.Core.Channel;

namespace Cluster.Tests.Channel;

public sealed class ChannelToolsTests
{
    [Fact]
    public void The_tools_are_the_agreed_ones() =>
        Assert.Equal(
            ["reply", "react", "edit_message", "download_attachment", "ack", "get_event", "fetch_messages", "list_sessions", "tell_session", "notify"],
            ChannelTools.List.Tools.Select(tool => tool.Name));

    [Fact]
    public void Reply_is_always_loaded()
    {
        var reply = ChannelTools.List.Tools.Single(tool => tool.Name == ChannelTools.Reply);

        Assert.Equal("""{"anthropic/alwaysLoad":true}""", reply.Meta!.ToJsonString());
    }

    [Fact]
    public void Every_schema_is_an_object_whose_required_arguments_exist_and_are_explained()
    {
        foreach (var tool in ChannelTools.List.Tools)
        {
            var schema = tool.InputSchema;
            Assert.Equal("object", schema.GetProperty("type").GetString());
            var properties = schema.GetProperty("properties");
            foreach (var property in properties.EnumerateObject())
            {
                Assert.True(property.Value.GetProperty("type").GetString() is "string" or "integer" or "array");
                Assert.NotEmpty(property.Value.GetProperty("description").GetString()!);
            }

            var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().ToList() : [];
            Assert.All(required, name => Assert.True(properties.TryGetProperty(name.GetString()!, out _)));
            Assert.NotEmpty(tool.Description!);
        }
    }

    [Theory]
    [InlineData(ChannelTools.Reply, new[] { "chat_id", "text" })]
    [InlineData(ChannelTools.Ack, new[] { "event_id" })]
    [InlineData(ChannelTools.GetEvent, new[] { "event_id" })]
    [InlineData(ChannelTools.FetchMessages, new[] { "chat_id" })]
    [InlineData(ChannelTools.ListSessions, new string[0])]
    [InlineData(ChannelTools.TellSession, new[] { "session", "text" })]
    [InlineData(ChannelTools.EditMessage, new[] { "chat_id", "message_id", "text" })]
    [InlineData(ChannelTools.React, new[] { "chat_id", "message_id", "emoji" })]
    [InlineData(ChannelTools.DownloadAttachment, new[] { "message_id" })]
    [InlineData(ChannelTools.Notify, new[] { "text" })]
    public void Each_tool_requires_its_arguments(string tool, string[] expected)
    {
        var schema = ChannelTools.List.Tools.Single(t => t.Name == tool).InputSchema;

        string[] required = schema.TryGetProperty("required", out var names)
            ? [.. names.EnumerateArray().Select(name => name.GetString()!)]
            : [];
        Assert.Equal(expected, required);
    }

    [Fact]
    public void A_schema_states_the_limit_that_is_enforced()
    {
        var limit = ChannelTools.List.Tools.Single(t => t.Name == ChannelTools.FetchMessages).InputSchema
            .GetProperty("properties").GetProperty("limit");

        Assert.Equal(JsonValueKind.Number, limit.GetProperty("maximum").ValueKind);
        Assert.Equal(ChannelTools.MaxMessages, limit.GetProperty("maximum").GetInt32());
    }
}
