using Cluster.Core.Events;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;

namespace Cluster.Core.Grains.Sessions;

// What a session decides about its clients and their tool calls.
public sealed partial class SessionState
{
    private const string Sent = "sent (id ";

    /// <summary>A client begins.</summary>
    /// <param name="id">This session.</param>
    /// <param name="hash">SHA-256 of the new MCP session's id.</param>
    /// <param name="tokenId">The token that asks.</param>
    /// <param name="client">The client's own name.</param>
    /// <param name="now">The store's time.</param>
    public Decision<bool> Initialize(SessionId id, string hash, string tokenId, string client, DateTimeOffset now) =>
        Decision.Of(
            new McpSessionMade
            {
                Hash = hash,
                Generation = Attachments.LastGeneration + 1,
                TokenId = tokenId,
                Client = client,
                At = now,
                Ends = Attachments.Stale(now),
            },
            true).With(puts: Exists ? null : [OwnedBy(id)]);

    public Decision<bool> Initialized(string hash) =>
        Attachments.McpSessions.TryGetValue(hash, out var session) && !session.Initialized
            ? Decision.Of(new McpSessionInitialized(hash), true)
            : true;

    public Decision<bool> EndClient(string hash, string tokenId) =>
        Attachments.Find(hash, tokenId) is null ? false : Decision.Of(new McpSessionEnded(hash, "ended by its client"), true);

    /// <summary>A node serves a stream and asks whether it gets the events. Asked again all the while; writes only when something changes.</summary>
    public Decision<AttachResult> Attach(string hash, string tokenId, string stream, bool justOpened, DateTimeOffset now)
    {
        if (Attachments.Find(hash, tokenId) is not { } client)
        {
            return new AttachResult(AttachState.Ended, 0);
        }

        if (Attachments.Attached == hash && Attachments.AttachedStream == stream)
        {
            return new AttachResult(AttachState.Attached, Attachments.Epoch);
        }

        var may = Attachments.MayAttach(client, stream, justOpened, now);
        if (may)
        {
            return Decision.Of(new StreamOpened(hash, stream, now), new AttachResult(AttachState.Attached, Attachments.Epoch + 1));
        }

        var superseded = new AttachResult(AttachState.Superseded, Attachments.Epoch);
        return client.Stream == stream || (client.Stream is not null && !justOpened)
            ? superseded
            : Decision.Of(new StreamOpened(hash, stream, null), superseded);
    }

    /// <summary>A stream has closed, or was lost.</summary>
    public Decision<bool> Close(string hash, string stream, DateTimeOffset now) =>
        (Attachments.McpSessions.TryGetValue(hash, out var session) && session.Stream == stream) || Attachments.AttachedStream == stream
            ? Decision.Of(new StreamClosed(hash, stream, now), true)
            : false;

    /// <summary>Claude answers.</summary>
    /// <param name="call">The call's key and the hash of its arguments.</param>
    /// <param name="chatId">The conversation.</param>
    /// <param name="text">The answer.</param>
    /// <param name="replyTo">The event that it names; null for all received ones of the conversation.</param>
    /// <param name="now">The store's time.</param>
    public Decision<ToolResult> Reply((string Key, string Arguments) call, string chatId, string text, long? replyTo, DateTimeOffset now)
    {
        if (ToolCalls.Find(call.Key, now) is { } done)
        {
            return done.Arguments == call.Arguments
                ? new ToolResult(false, $"{Sent}{done.Position})")
                : new ToolResult(true, "This request id was used before, for another call. Nothing was done.");
        }

        if (!Conversations.Contains(chatId) && Mailbox.Sent.TrueForAll(item => item.ChatId != chatId))
        {
            return new ToolResult(true, $"There is no conversation {HostileText.Cut(HostileText.Escape(chatId), 100)} in this session. Pass the chat_id of a channel block that you received.");
        }

        if (replyTo is { } asked && asked > LastEvent)
        {
            return new ToolResult(true, $"There is no event {asked} in this session. Pass the event_id of a channel block, or leave reply_to out. Nothing was sent.");
        }

        var open = Mailbox.Received.Concat(Mailbox.Sent).Where(item => item.ChatId == chatId).Select(item => item.Id);
        IReadOnlyList<long> answers = replyTo is { } named ? [named] : [.. open];
        return Decision.Of(
            new Replied
            {
                ChatId = chatId,
                Text = text,
                ReplyTo = replyTo,
                Answers = answers,
                Call = new DoneCall(call.Key, call.Arguments, now),
            },
            position => new ToolResult(false, $"{Sent}{position})"));
    }
}

/// <summary>Whether a stream gets its session's events.</summary>
public enum AttachState
{
    Attached,
    Superseded,

    /// <summary>Its MCP session has ended.</summary>
    Ended,
}

/// <summary>What a stream is told about itself.</summary>
public sealed record AttachResult(AttachState State, long Epoch);

/// <summary>What Claude is told of a tool call.</summary>
/// <param name="Refused">True when nothing was done.</param>
/// <param name="Text">A sentence.</param>
public sealed record ToolResult(bool Refused, string Text);
