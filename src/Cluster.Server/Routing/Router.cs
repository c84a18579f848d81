using System.Collections.Concurrent;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Server.Security;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;

namespace Cluster.Server.Routing;

/// <summary>What became of something that asked to reach a session.</summary>
public abstract record SubmitOutcome
{
    private SubmitOutcome()
    {
    }

    public sealed record Accepted(long EventId, bool Duplicate) : SubmitOutcome;

    /// <summary>Unknown, or not this sender's to know of: one answer for both.</summary>
    public sealed record NoSuchSession : SubmitOutcome;

    /// <summary>The sender may see the session, but not talk to it.</summary>
    public sealed record MayNotTalk : SubmitOutcome;

    public sealed record MailboxFull(int Limit) : SubmitOutcome;

    public sealed record TooFast(TimeSpan RetryAfter) : SubmitOutcome;
}

/// <summary>Brings an event of an identity to a session's mailbox: asks the allowlist, then the appender, and asks again when the
/// allowlist has changed in between.</summary>
public sealed class Router(Appender appender, AccessStore accesses, SenderLimits limits, Refusals refusals)
{
    // A cached allowlist only ever saves a look: the append refuses it once it is stale.
    private readonly ConcurrentDictionary<SessionId, AccessList> _known = new();

    /// <param name="session">Where it should go.</param>
    /// <param name="sender">Who says it.</param>
    /// <param name="submit">Makes the submission once the allowlist, given here, has admitted the sender; null when it admits only others of
    /// that name.</param>
    /// <param name="ct">Cancels the wait; what is committed stays.</param>
    /// <param name="counted">True when it counts against the sender's limit already.</param>
    public async Task<SubmitOutcome> SubmitAsync(
        SessionId session, Identity sender, Func<AccessList, Submission?> submit, CancellationToken ct, bool counted = false)
    {
        if (!counted && limits.Throttle(sender) is { } wait)
        {
            return new SubmitOutcome.TooFast(wait);
        }

        var access = _known.GetValueOrDefault(session);
        while (true)
        {
            var submission = Admit(access);
            if (submission is null)
            {
                // Only a fresh allowlist refuses.
                access = await accesses.FindAsync(session, ct);
                submission = Admit(access);
                if (submission is null)
                {
                    _known.TryRemove(session, out _);
                    refusals.Count("talk", sender.Value);
                    return access?.May(sender, Act.Find) == true ? new SubmitOutcome.MayNotTalk() : new SubmitOutcome.NoSuchSession();
                }

                _known[session] = access!;
            }

            switch (await appender.AppendAsync(submission, ct))
            {
                case AppendOutcome.Accepted(var id):
                    return new SubmitOutcome.Accepted(id, false);
                case AppendOutcome.Duplicate(var id):
                    return new SubmitOutcome.Accepted(id, true);
                case AppendOutcome.MailboxFull(var limit):
                    refusals.Count("mailbox", session.ToString());
                    return new SubmitOutcome.MailboxFull(limit);
                default:
                    access = null;
                    break;
            }
        }

        Submission? Admit(AccessList? list) => list?.May(sender, Act.Talk) == true ? submit(list) : null;
    }
}
