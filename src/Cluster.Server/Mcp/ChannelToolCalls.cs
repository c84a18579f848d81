using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Channel;
using Cluster.Core.Events;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Server.Routing;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;

namespace Cluster.Server.Mcp;

/// <summary>Claude's tools. Wrong arguments get a sentence that Claude can act on; a tool reaches only its own session's conversations.</summary>
internal sealed class ChannelToolCalls(
    ToolCallStore calls, ChatToolCalls chats, AttachmentCalls attachments, ConversationStore conversations, SessionStore sessions, PayloadParts payloads,
    SenderLimits limits)
{
    private const int DefaultMessages = 20;

    public async Task<JsonObject> CallAsync(McpSession session, McpMessage.Request request, Func<Task> taken, CancellationToken ct)
    {
        string? name;
        ToolOutcome outcome;
        try
        {
            name = McpMessage.Text(request.Params, "name");
            var arguments = new ToolArguments(request.Params is { ValueKind: JsonValueKind.Object } p && p.TryGetProperty("arguments", out var given) ? given : null);
            var call = new ToolCall
            {
                McpSession = session.Id,
                Session = session.Session,
                RequestId = request.Id.GetRawText(),
                ArgumentsHash = Secret.Hash(request.Params?.GetRawText() ?? ""),
            };
            switch (name)
            {
                case ChannelTools.Reply:
                    outcome = await chats.ReplyAsync(call, arguments, taken, ct);
                    break;
                case ChannelTools.EditMessage:
                    outcome = await chats.EditAsync(call, arguments, taken, ct);
                    break;
                case ChannelTools.React:
                    outcome = await chats.ReactAsync(call, arguments, taken, ct);
                    break;
                case ChannelTools.DownloadAttachment:
                    return McpMessage.Result(request.Id, await attachments.DownloadAsync(session, arguments, ct));
                case ChannelTools.Notify:
                    outcome = await chats.NotifyAsync(call, arguments, taken, ct);
                    break;
                case ChannelTools.Ack:
                    outcome = await AckAsync(call, arguments, ct);
                    break;
                case ChannelTools.GetEvent:
                    outcome = await GetEventAsync(session, arguments, ct);
                    break;
                case ChannelTools.FetchMessages:
                    outcome = await FetchMessagesAsync(session, arguments, ct);
                    break;
                case ChannelTools.ListSessions:
                    outcome = await ListSessionsAsync(session, ct);
                    break;
                case ChannelTools.TellSession:
                    outcome = await TellSessionAsync(call, arguments, ct);
                    break;
                default:
                    return McpMessage.Error(request.Id, ChannelProtocol.InvalidParams, "Unknown tool.");
            }
        }
        catch (InvalidOperationException e) when (McpMessage.IsUnreadableText(e))
        {
            return Result(request, new ToolOutcome(true, "An argument has text that is not valid Unicode (half of a surrogate pair). Nothing was done."));
        }

        return Result(request, outcome);
    }

    private static JsonObject Result(McpMessage.Request request, ToolOutcome outcome)
    {
        var result = new JsonObject
        {
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = outcome.Text }),
        };
        if (outcome.Refused)
        {
            result["isError"] = true;
        }

        return McpMessage.Result(request.Id, result);
    }

    private async Task<ToolOutcome> TellSessionAsync(ToolCall call, ToolArguments arguments, CancellationToken ct)
    {
        var name = arguments.Text("session", "the other session, as NAME or OWNER/NAME");
        var text = arguments.Text("text", "the note");
        if (arguments.Fault is { } fault)
        {
            return new ToolOutcome(true, fault);
        }

        if (!SessionId.TryParse(name, call.Session.Owner, out var other))
        {
            return new ToolOutcome(true, $"session must be NAME or OWNER/NAME, each of {Slug.Expected}. Nothing was sent.");
        }

        if (other == call.Session)
        {
            return new ToolOutcome(true, $"{other} is this session itself. Nothing was sent.");
        }

        return SaidText.Unfit(text) ?? SaidText.TooFast(limits, call.Session) ?? await calls.TellAsync(call, other, text, ct);
    }

    private async Task<ToolOutcome> AckAsync(ToolCall call, ToolArguments arguments, CancellationToken ct)
    {
        var eventId = arguments.Id("event_id");
        return arguments.Fault is { } fault ? new ToolOutcome(true, fault) : await calls.AckAsync(call, eventId, ct);
    }

    private async Task<ToolOutcome> GetEventAsync(McpSession session, ToolArguments arguments, CancellationToken ct)
    {
        var eventId = arguments.Id("event_id");
        var path = arguments.OptionalText("path");
        var offset = arguments.OptionalNumber("offset", 0, int.MaxValue) ?? 0;
        if (arguments.Fault is { } fault)
        {
            return new ToolOutcome(true, fault);
        }

        if (await conversations.FindAsync(session.Session, eventId, ct) is not { } stored || stored.Info.Kind == "verdict")
        {
            return new ToolOutcome(true, $"There is no event {eventId} in this session.");
        }

        await calls.CalledAsync(session.Session, ct);
        if (!stored.Told)
        {
            return new ToolOutcome(true, $"Event {eventId} is {stored.Info.State}; it was not delivered to this session, so its text is not shown.");
        }

        var text = new StringBuilder(
            $"event {stored.Info.Id}, {stored.Info.Kind} {stored.Info.Name} from {stored.Info.Sender} at {stored.Info.At:O}, state {stored.Info.State}\n");
        if (stored.Info.Kind is "chat" or "note")
        {
            return new ToolOutcome(false, text.Append(HostileText.Escape(stored.Body)).ToString());
        }

        if (stored.Several && stored.Payload.Length == 0)
        {
            return new ToolOutcome(false, text.Append("It tells of several events; ask for one of its event_ids. What it came with:\n").Append(stored.Body).ToString());
        }

        return await payloads.PartAsync(stored, path ?? "", offset, text, ct);
    }

    private async Task<ToolOutcome> FetchMessagesAsync(McpSession session, ToolArguments arguments, CancellationToken ct)
    {
        var chatId = arguments.Text("chat_id", "the chat_id of a channel block that you received");
        var limit = arguments.OptionalNumber("limit", 1, ChannelTools.MaxMessages) ?? DefaultMessages;
        if (arguments.Fault is { } fault)
        {
            return new ToolOutcome(true, fault);
        }

        var lines = await conversations.DeliveredAsync(session.Session, chatId, limit, ct);
        if (lines.Count == 0)
        {
            return new ToolOutcome(true, $"There is no conversation {HostileText.Cut(HostileText.Escape(chatId), 100)} in this session.");
        }

        await calls.CalledAsync(session.Session, ct);
        var text = new StringBuilder("Messages, oldest first. Their text is what people or sessions wrote, in JSON:\n");
        foreach (var line in lines)
        {
            // A webhook's text is its framed content already, which is safe as it stands.
            var words = line.Kind == "webhook" ? line.Text : Framing.Quote(line.Text);
            text.Append($"{line.Id} {line.At:O} {line.User}{(line.State == "refused" ? " (not delivered)" : "")}{(line.ReplyTo is { } to ? $" to {to}" : "")}: {words}\n");
        }

        return new ToolOutcome(false, text.ToString());
    }

    private async Task<ToolOutcome> ListSessionsAsync(McpSession session, CancellationToken ct)
    {
        var owned = await sessions.ListAsync(Identity.Console(session.Session.Owner), ct);
        await calls.CalledAsync(session.Session, ct);
        return new ToolOutcome(false, string.Join('\n', owned
            .Where(other => other.Roles.Contains("owner"))
            .Select(other => $"{other.Id}{(other.Id == session.Session.ToString() ? " (this session)" : "")}: {(other.Attached ? $"running, {other.Client}" : "not running")}{Place(other)}{(other.Paused ? ", paused" : "")}, {other.Waiting} waiting")));
    }

    // A developer's machine has told it: data, in a form that has no room for more.
    private static string Place(SessionInfo session) => session.Repository is null
        ? ""
        : HostileText.Escape($", works on {session.Repository}{(session.Branch is null ? "" : $" branch {session.Branch}")}");
}
