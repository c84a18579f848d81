using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Events;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;

namespace Cluster.Core.Grains.Sessions;

/// <summary>Reads what was said, and what became of it, from a session's records: the log is the history.</summary>
public sealed class Conversations(SessionId session)
{
    private readonly SortedDictionary<long, ConversationLine> _lines = [];
    private readonly List<long> _out = [];

    /// <summary>Takes in a session's next record.</summary>
    public void Add(LogRecord stored)
    {
        switch (SessionRecords.Kinds.Decode(stored))
        {
            case EventAccepted accepted:
                _lines[stored.Position] = Line(stored.Position, accepted);
                if (accepted.Batch is not null)
                {
                    Send([stored.Position]);
                }

                break;
            case BatchSent sent:
                Send(sent.Events);
                break;
            case BatchConfirmed confirmed:
                Set(_out, "received");
                _out.Clear();
                if (confirmed.Next is { } next)
                {
                    Send(next.Events);
                }

                break;
            case StreamOpened { AttachedAt: not null } or StreamClosed:
                Set(_out, "queued");
                _out.Clear();
                break;
            case EventsExpired expired:
                Set(expired.Events, "expired");
                break;
            case EventsDied died:
                Set(died.Events, "dead", died.Reason);
                break;
            case RoleRevoked revoked:
                Set(revoked.Died, "dead", DeliveryRules.Revoked);
                break;
            case StandingHeard heard:
                Set(heard.Died, "dead", DeliveryRules.Revoked);
                break;
            case Replied replied:
                Set(replied.Answers, "answered");
                _lines[stored.Position] = new ConversationLine
                {
                    Id = stored.Position.ToString(),
                    Direction = "out",
                    ChatId = replied.ChatId,
                    User = Identity.Session(session).Value,
                    Kind = "reply",
                    Text = replied.Text,
                    At = replied.Call.At,
                    ReplyTo = replied.ReplyTo?.ToString(),
                };
                break;
        }
    }

    /// <summary>The last lines, the oldest first.</summary>
    /// <param name="limit">How many at the most.</param>
    /// <param name="chatId">Of one conversation; null for all.</param>
    public IReadOnlyList<ConversationLine> Last(int limit, string? chatId) =>
        [.. _lines.Values.Where(line => chatId is null || line.ChatId == chatId).TakeLast(limit)];

    private void Send(IReadOnlyList<long> events)
    {
        Set(_out, "queued");
        _out.Clear();
        _out.AddRange(events);
        Set(events, "sent");
    }

    private void Set(IEnumerable<long> events, string state, string? reason = null)
    {
        foreach (var id in events)
        {
            if (_lines.TryGetValue(id, out var line) && line.State is not ("answered" or "expired" or "dead"))
            {
                _lines[id] = line with { State = state, Reason = reason };
            }
        }
    }

    private static ConversationLine Line(long position, EventAccepted accepted) => new()
    {
        Id = position.ToString(),
        Direction = "in",
        ChatId = accepted.ChatId,
        User = accepted.Sender.Identity,
        Kind = DeliveryRules.Word(accepted.Kind),
        Text = accepted.Body,
        At = accepted.At,
        State = "queued",
    };
}
