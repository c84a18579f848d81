using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Channel;
using Cluster.Core.Events;
using Cluster.Core.Secrets;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Server.Grains;
using Cluster.Server.Mcp;

namespace Cluster.Next.Server.Mcp;

/// <summary>Claude's tools. Wrong arguments get a sentence that Claude can act on; a tool reaches only its own session's conversations.</summary>
internal sealed class ToolCalling(GrainCalls calls)
{
    public async Task<JsonObject> CallAsync(McpClient client, McpMessage.Request request, CancellationToken ct)
    {
        try
        {
            var arguments = new ToolArguments(request.Params is { ValueKind: JsonValueKind.Object } p && p.TryGetProperty("arguments", out var given) ? given : null);
            return McpMessage.Text(request.Params, "name") switch
            {
                ChannelTools.Reply => Result(request, await ReplyAsync(client, request, arguments, ct)),
                _ => McpMessage.Error(request.Id, ChannelProtocol.InvalidParams, "Unknown tool."),
            };
        }
        catch (InvalidOperationException e) when (McpMessage.IsUnreadableText(e))
        {
            return Result(request, Refused("An argument has text that is not valid Unicode (half of a surrogate pair). Nothing was done."));
        }
    }

    private async Task<ToolAnswer> ReplyAsync(McpClient client, McpMessage.Request request, ToolArguments arguments, CancellationToken ct)
    {
        var chatId = arguments.Text("chat_id", "the chat_id of a channel block that you received");
        var text = arguments.Text("text", "the message");
        var replyTo = arguments.OptionalId("reply_to");
        if (arguments.Fault is { } fault)
        {
            return Refused(fault);
        }

        var clean = HostileText.Clean(text);
        if (clean.Trim().Length == 0)
        {
            return Refused("text is empty. Nothing was sent.");
        }

        if (text.Length > ChannelTools.MaxReplyLength)
        {
            return Refused($"text has {text.Length} characters; {ChannelTools.MaxReplyLength} are the most. Send it in parts. Nothing was sent.");
        }

        var call = new ReplyCall
        {
            Hash = client.Hash,
            RequestId = request.Id.GetRawText(),
            ArgumentsHash = Secret.Hash(request.Params?.GetRawText() ?? ""),
            ChatId = chatId,
            Text = clean,
            ReplyTo = replyTo,
        };
        return await calls.AskAsync(() => calls.Session<ISessionTools>(client.Session).ReplyAsync(call, ct), ct);
    }

    private static ToolAnswer Refused(string text) => new() { Refused = true, Text = text };

    private static JsonObject Result(McpMessage.Request request, ToolAnswer answer)
    {
        var result = new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = answer.Text }) };
        if (answer.Refused)
        {
            result["isError"] = true;
        }

        return McpMessage.Result(request.Id, result);
    }
}
