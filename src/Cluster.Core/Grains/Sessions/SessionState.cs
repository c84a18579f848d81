using System.Text.Json.Serialization;
using Cluster.Core.Logs;

namespace Cluster.Core.Grains.Sessions;

/// <summary>What a session's grain holds: the fold of its log. Its rules stand beside it, each in a class of its own.</summary>
public sealed partial class SessionState : IGrainState
{
    /// <summary>True once somebody has made or used it.</summary>
    public bool Exists { get; set; }

    public DateTimeOffset? MadeAt { get; set; }

    public Allowlist Allowlist { get; init; } = new();

    public Mailbox Mailbox { get; init; } = new();

    public Attachments Attachments { get; init; } = new();

    public ToolCalls ToolCalls { get; init; } = new();

    /// <summary>The last event that was accepted; 0 while there is none.</summary>
    public long LastEvent { get; set; }

    /// <summary>The conversations that the session was told something of.</summary>
    public HashSet<string> Conversations { get; init; } = [];

    [JsonIgnore]
    public DateTimeOffset? NextDue => Mailbox.NextExpiry;

    public void Apply(IRecord record, long position)
    {
        switch (record)
        {
            case SessionMade made:
                (Exists, MadeAt) = (true, made.At);
                break;
            case EventAccepted accepted:
                Accept(accepted, position);
                break;
            case BatchSent sent:
                Send(sent, position);
                break;
            case BatchConfirmed confirmed:
                foreach (var item in Mailbox.Sent)
                {
                    Conversations.Add(item.ChatId);
                }

                Mailbox.Confirm();
                if (confirmed.Next is { } next)
                {
                    Send(next, position);
                }

                break;
            case EventsExpired expired:
                Mailbox.End(expired.Events);
                break;
            case EventsDied died:
                Mailbox.End(died.Events);
                break;
            case Replied replied:
                Mailbox.Answer(replied.Answers);
                ToolCalls.Add(replied.Call with { Position = position });
                break;
            case McpSessionMade made:
                foreach (var hash in made.Ends)
                {
                    Attachments.End(hash);
                }

                Exists = true;
                Attachments.Make(new McpSession
                {
                    Hash = made.Hash,
                    Generation = made.Generation,
                    TokenId = made.TokenId,
                    Client = made.Client,
                    MadeAt = made.At,
                });
                break;
            case McpSessionInitialized { Hash: var hash }:
                if (Attachments.McpSessions.TryGetValue(hash, out var initialized))
                {
                    initialized.Initialized = true;
                }

                break;
            case McpSessionEnded ended:
                ReturnIfAttached(ended.Hash);
                Attachments.End(ended.Hash);
                break;
            case StreamOpened opened:
                if (opened.AttachedAt is not null)
                {
                    Mailbox.Return();
                }

                Attachments.Open(opened.Hash, opened.Stream, opened.AttachedAt);
                break;
            case StreamClosed closed:
                if (Attachments.AttachedStream == closed.Stream)
                {
                    ReturnIfAttached(closed.Hash);
                }

                Attachments.Close(closed.Hash, closed.Stream, closed.At);
                break;
            case RoleGranted granted:
                Allowlist.Grant(granted.Entry);
                break;
            case RoleRevoked revoked:
                Allowlist.Revoke(revoked.Identity, revoked.Role);
                Mailbox.End(revoked.Died);
                break;
            case StandingHeard heard:
                Allowlist.Hear(heard.Identity, heard.Standing);
                Mailbox.End(heard.Died);
                break;
            default:
                throw new InvalidOperationException($"A session takes in no {record.GetType().Name}.");
        }
    }

    private void Accept(EventAccepted accepted, long position)
    {
        Exists = true;
        LastEvent = position;
        Allowlist.Hear(accepted.Sender.Identity, accepted.Sender.Standing);
        Mailbox.Accept(Item(accepted, position));
        if (accepted.Batch is { } batch)
        {
            Send(new BatchSent(batch, [position]), position);
        }
    }

    private void Send(BatchSent sent, long position)
    {
        Attachments.Batch = sent.Batch.Batch;
        Mailbox.Send(sent.Batch, sent.Events, position);
    }

    private static MailboxItem Item(EventAccepted accepted, long position) => new()
    {
        Id = position,
        Kind = accepted.Kind,
        Sender = accepted.Sender.Identity,
        Principal = accepted.Sender.Principal,
        Standing = accepted.Sender.Standing,
        ChatId = accepted.ChatId,
        ExpiresAt = accepted.ExpiresAt,
        Priority = accepted.Priority,
        Bytes = accepted.Body.Length + 200,
    };

    // What was sent to a client that is gone waits for the next one.
    private void ReturnIfAttached(string hash)
    {
        if (Attachments.Attached == hash)
        {
            Mailbox.Return();
        }
    }
}
