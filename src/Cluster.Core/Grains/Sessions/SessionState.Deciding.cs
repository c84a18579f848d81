using System.Text.Json;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;

namespace Cluster.Core.Grains.Sessions;

// What a session decides. Nothing here changes the state: records do, when they are applied.
public sealed partial class SessionState
{
    /// <summary>The key's scope by which a sender's repeat is known.</summary>
    public const string MessageScope = "message";

    /// <summary>Somebody's words arrive.</summary>
    /// <param name="id">This session.</param>
    /// <param name="message">The words.</param>
    /// <param name="known">The event that the sender's id of them has become before.</param>
    /// <param name="limit">How many events may wait.</param>
    /// <param name="now">The store's time.</param>
    /// <param name="direct">True when the sender's log does not hold them. A revocation finds the sessions that it must tell by the entries of that
    /// log and by the reach rows, so such words are taken only where the sender's standing, and the reach row with it, is recorded.</param>
    public Decision<MessageResult> Accept(SessionId id, SessionMessage message, KnownKey? known, int limit, DateTimeOffset now, bool direct = false)
    {
        if (direct && !Allowlist.HasMet(message.Sender.Identity))
        {
            return new MessageResult(MessageResult.NotMet);
        }

        if (!Allowlist.May(id.Owner, message.Sender, Act.Talk))
        {
            return new MessageResult(Allowlist.May(id.Owner, message.Sender, Act.Find) ? MessageResult.NotAllowed : MessageResult.Unknown);
        }

        if (!Exists)
        {
            return new MessageResult(MessageResult.Unknown);
        }

        if (known is not null)
        {
            return new MessageResult(MessageResult.Duplicate, known.Position);
        }

        if (Mailbox.Waiting.Count >= limit)
        {
            return new MessageResult(MessageResult.Full, Limit: limit);
        }

        var atOnce = Attachments.Attached is not null && Mailbox.Count == 0;
        var accepted = new EventAccepted
        {
            Kind = EventKind.Chat,
            Sender = message.Sender,
            ChatId = message.ChatId,
            Trust = message.Sender.Principal == id.Owner ? Trust.Owner : Trust.Member,
            Body = message.Text,
            At = message.At,
            ExpiresAt = now + DeliveryRules.KeepWaiting,
            Priority = DeliveryRules.Priority(EventKind.Chat, urgent: false),
            Batch = atOnce ? new BatchId(Attachments.Epoch, Attachments.Batch + 1) : null,
        };
        return Decision.Of(accepted, position => new MessageResult(MessageResult.Accepted, position)).With(
            keys: message.ClientId is { } client ? [(MessageScope, $"{message.Sender.Identity} {client}")] : null,
            puts: Allowlist.IsNews(message.Sender) ? [Reach(id, message.Sender.Identity)] : null);
    }

    /// <summary>The sender of an identity is heard to stand higher: what it sent before is judged again.</summary>
    public Decision<bool> Hear(SessionId id, StandingRaised raised) =>
        raised.Standing <= Allowlist.Standings.GetValueOrDefault(raised.Identity)
            ? true
            : Decision.Of(
                new StandingHeard(raised.Identity, raised.Standing, [.. Undelivered(raised.Identity)]), true)
                .With(puts: [Reach(id, raised.Identity)]);

    /// <summary>What goes out next to the client that is attached.</summary>
    /// <param name="id">This session.</param>
    /// <param name="claim">The claim of the activation that sends: a batch of an older one is sent again.</param>
    /// <param name="now">The store's time.</param>
    public Decision<bool> Send(SessionId id, long claim, DateTimeOffset now)
    {
        if (Attachments.Attached is null)
        {
            return false;
        }

        var next = new BatchId(Attachments.Epoch, Attachments.Batch + 1);
        if (Mailbox.Out is not null)
        {
            // Whether the older activation has pushed it is not known.
            return Mailbox.OutSince > claim
                ? false
                : Going(Sending(id, next, [.. Mailbox.Sent.Select(item => item.Id)], now));
        }

        return Going(Sending(id, next, Mailbox.NextBatch(now), now));
    }

    private static Decision<bool> Going((EventsDied? Died, BatchSent? Sent) sending)
    {
        IReadOnlyList<IRecord> records = [.. new IRecord?[] { sending.Died, sending.Sent }.OfType<IRecord>()];
        return Decision.Of(records, records.Count > 0);
    }

    // What admitted a sender once is asked again when its event goes out.
    private (EventsDied? Died, BatchSent? Sent) Sending(SessionId id, BatchId batch, List<long> ids, DateTimeOffset now)
    {
        if (ids.Count == 0)
        {
            return default;
        }

        var chosen = ids.ToHashSet();
        var died = Mailbox.Waiting.Concat(Mailbox.Sent).Where(item => chosen.Contains(item.Id) && !MayStill(id, item)).Select(item => item.Id).ToList();
        var left = died.Count == 0 ? ids : ids.Except(died).ToList();
        return (died.Count == 0 ? null : new EventsDied(died, DeliveryRules.Revoked, now), left.Count == 0 ? null : new BatchSent(batch, left));
    }

    private bool MayStill(SessionId id, MailboxItem item) => Allowlist.May(
        id.Owner, new Actor(item.Sender, item.Principal, item.Standing), item.Kind == EventKind.Verdict ? Act.Approve : Act.Talk);

    /// <summary>The client has read a batch. Confirms exactly that one, and lets the next go.</summary>
    public Decision<bool> Confirm(SessionId id, string hash, BatchId batch, DateTimeOffset now)
    {
        if (Attachments.Attached != hash || Mailbox.Out != batch)
        {
            return false;
        }

        var (died, next) = Sending(id, new BatchId(Attachments.Epoch, Attachments.Batch + 1), Mailbox.NextBatch(now), now);
        var confirmed = new BatchConfirmed(batch, now, next);
        return Decision.Of<bool>(died is null ? [confirmed] : [died, confirmed], true);
    }

    /// <summary>What is due: events that have waited too long.</summary>
    public Decision<bool> Due(DateTimeOffset now) =>
        Mailbox.Expired(now) is { Count: > 0 } expired ? Decision.Of(new EventsExpired(expired, now), true) : true;

    /// <summary>Makes the session known.</summary>
    public Decision<bool> Make(SessionId id, string by, DateTimeOffset now) =>
        Exists ? false : Decision.Of(new SessionMade(by, now), true).With(puts: [OwnedBy(id)]);

    /// <summary>Lets an identity do something.</summary>
    public Decision<bool> Grant(SessionId id, Actor by, string identity, Role role, DateTimeOffset now) =>
        !Exists || !Allowlist.May(id.Owner, by, Act.Own) ? false
        : Allowlist.RolesOf(identity).HasFlag(role) ? true
        : Decision.Of(new RoleGranted(new Entry(identity, role, by.Identity, now)), true).With(
            puts: [new IndexRow(new IndexEntry(SessionIndexes.SeenBy, identity, Log(id)), "")],
            audits: [new AuditNote(by.Identity, "allow", $"{identity} {role}")]);

    /// <summary>Lets an identity do something no longer; what it sent and may not say any more ends.</summary>
    public Decision<bool> Revoke(SessionId id, Actor by, string identity, Role role)
    {
        if (!Exists || !Allowlist.May(id.Owner, by, Act.Own))
        {
            return false;
        }

        var talks = Allowlist.RolesOf(identity).HasFlag(Role.Talk);
        IReadOnlyList<long> died = talks && role is Role.None or Role.Talk ? [.. Undelivered(identity, id.Owner)] : [];
        return Allowlist.RolesOf(identity) == Role.None ? true
            : Decision.Of(new RoleRevoked(identity, role, died), true).With(
                audits: [new AuditNote(by.Identity, "revoke", $"{identity} {(role == Role.None ? "all" : role)}")]);
    }

    public static LogId Log(SessionId id) => new("session", id.ToString());

    private static IndexRow OwnedBy(SessionId id) => new(new IndexEntry(SessionIndexes.OwnedBy, id.Owner, Log(id)), "");

    private static IndexRow Reach(SessionId id, string identity) => new(new IndexEntry(SessionIndexes.Reach, identity, Log(id)), "");

    /// <summary>What an identity has sent and no client has: it waits, or is out and unconfirmed.</summary>
    private IEnumerable<long> Undelivered(string identity, string? butOf = null) =>
        Mailbox.Waiting.Where(item => item.Sender == identity && item.Principal != butOf).Select(item => item.Id);
}

/// <summary>The indexes by which sessions are found.</summary>
public static class SessionIndexes
{
    /// <summary>By the owner's principal.</summary>
    public const string OwnedBy = "sessions-of";

    /// <summary>By an identity that its allowlist has named.</summary>
    public const string SeenBy = "sessions-for";

    /// <summary>By an identity that has acted there: whom a revocation must tell.</summary>
    public const string Reach = "reach";
}

/// <summary>Reads what travels between grains.</summary>
public static class SessionEnvelopes
{
    public static SessionMessage Message(string body) =>
        JsonSerializer.Deserialize(body, SessionJson.Default.SessionMessage) ?? throw new JsonException("A message is null.");

    public static StandingRaised Standing(string body) =>
        JsonSerializer.Deserialize(body, SessionJson.Default.StandingRaised) ?? throw new JsonException("A standing is null.");
}
