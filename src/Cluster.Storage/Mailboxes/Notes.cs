using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Mailboxes;

/// <summary>What became of a note.</summary>
internal abstract record NoteOutcome
{
    private NoteOutcome()
    {
    }

    public sealed record Accepted(long EventId) : NoteOutcome;

    /// <summary>Unknown, or not for this session to talk to.</summary>
    public sealed record MayNotTalk : NoteOutcome;

    /// <summary>Why not, as a sentence for Claude.</summary>
    public sealed record Refused(string Why) : NoteOutcome;
}

/// <summary>What sessions tell one another. A note is appended within the turn of the tool call that sends it: the call is repeated
/// or done as a whole.</summary>
internal static class Notes
{
    public static async Task<NoteOutcome> AppendAsync(Turn turn, SessionId from, SessionId to, string text, int mailboxLimit)
    {
        var sender = Identity.Session(from);
        if (await AccessStore.HoldAsync(turn, to) is not { } access || !access.May(sender, Act.Talk))
        {
            await turn.AuditAsync(sender.Value, "refused.tell", to.ToString(), "may not talk");
            return new NoteOutcome.MayNotTalk();
        }

        if (!NoteRules.CanSign(from))
        {
            return new NoteOutcome.Refused(
                $"the identity {sender} has more than {Framing.MaxMetaLength} characters, so nobody could answer it. "
                + "A session with a shorter name can send notes.");
        }

        if (NoteRules.NextHop(await FarthestAsync(turn, from)) is not { } hops)
        {
            await turn.AuditAsync(sender.Value, "refused.tell", to.ToString(), "too many hops");
            return new NoteOutcome.Refused(
                $"notes go {NoteRules.MaxHops} steps from session to session, and one that was sent to this session in the last "
                + $"{NoteRules.CountedFor.TotalMinutes:0} minutes has come that far. Tell your user what you wanted to pass on.");
        }

        if (await IsFullAsync(turn, to, mailboxLimit))
        {
            return new NoteOutcome.Refused($"the mailbox of {to} is full: {mailboxLimit} messages wait there.");
        }

        var note = new Submission
        {
            Session = to,
            Sender = sender,
            AccessVersion = access.Version,
            Kind = EventKind.Note,
            ChatId = sender.Value,
            Trust = Trust.Agent,
            Body = text,
            Hops = hops,
            At = turn.Now,
        };
        var id = await turn.TakeIdAsync();
        await EventRows.InsertAsync(turn, note, Packed.Pack(text), null, id);
        turn.Wake(to.ToString());
        return new NoteOutcome.Accepted(id);
    }

    // A conversation may go on in another terminal of its project, so these count as one. What became of a note after it was sent
    // does not matter: its client may have read it.
    private static async Task<int> FarthestAsync(Turn turn, SessionId from)
    {
        var first = await InstanceNames.SharedAsync(turn.Db, from) ?? from;
        var farthest = 0L;
        foreach (var session in await InstanceNames.SharingAsync(turn.Db, first))
        {
            var hops = await turn.Db.NumberAsync(
                "SELECT MAX(hops) FROM delivery WHERE session_id = @session AND hops IS NOT NULL AND sent_at > @since",
                ("@session", session.ToString()),
                ("@since", (turn.Now - NoteRules.CountedFor).ToUnixTimeMilliseconds()));
            farthest = Math.Max(farthest, hops ?? 0);
        }

        return (int)farthest;
    }

    internal static async Task<bool> IsFullAsync(Turn turn, SessionId session, int limit) =>
        await turn.Db.NumberAsync(
            """
            SELECT (SELECT COUNT(*) FROM (
              SELECT 1 FROM delivery WHERE session_id = @session AND state IN ('queued', 'sent') AND priority >= 0 LIMIT @limit) AS waiting) + (
              SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE session_id = @session AND state = 'held' AND held_limit > 0 LIMIT @limit) AS waiting)
            """,
            ("@session", session.ToString()),
            ("@limit", limit)) >= limit;
}
