using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Server.Nodes;
using Cluster.Server.Security;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;
using Microsoft.Extensions.Options;

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
public sealed class Router(Appender appender, AccessStore accesses, IOptions<ClusterOptions> options, Refusals refusals) : IAsyncDisposable
{
    // A cached allowlist only ever saves a look: the append refuses it once it is stale.
    private readonly ConcurrentDictionary<SessionId, AccessList> _known = new();

    private readonly PartitionedRateLimiter<Identity> _limiter = PartitionedRateLimiter.Create<Identity, Identity>(sender =>
    {
        var limits = options.Value.Limits;
        var source = sender.Value.StartsWith("source:", StringComparison.Ordinal);
        var perSecond = source ? limits.WebhooksPerSecond : Math.Max(1, limits.MessagesPerMinute / 60);

        // Little by little, since what is let in at once all others feel.
        var parts = perSecond % 10 == 0 ? 10 : 1;
        return RateLimitPartition.GetTokenBucketLimiter(sender, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = source ? 10 * limits.WebhooksPerSecond : limits.MessagesPerMinute,
            TokensPerPeriod = perSecond / parts,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1) / parts,
            QueueLimit = 0,
        });
    });

    /// <summary>Whether a sender has nothing left of its limit. Only what it proved was counted, so nobody else can use it up.</summary>
    public bool IsSpent(Identity sender) => _limiter.GetStatistics(sender) is { CurrentAvailablePermits: 0 };

    /// <summary>Counts one thing that a sender says against its limit.</summary>
    /// <returns>How long to wait, when it says too much; null when it may be said.</returns>
    public TimeSpan? Throttle(Identity sender)
    {
        using var lease = _limiter.AttemptAcquire(sender);
        if (lease.IsAcquired)
        {
            return null;
        }

        refusals.Count("rate", sender.Value);
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1);
    }

    /// <param name="session">Where it should go.</param>
    /// <param name="sender">Who says it.</param>
    /// <param name="submit">Makes the submission once the allowlist, given here, has admitted the sender; null when it admits only others of
    /// that name.</param>
    /// <param name="ct">Cancels the wait; what is committed stays.</param>
    /// <param name="counted">True when it counts against the sender's limit already.</param>
    public async Task<SubmitOutcome> SubmitAsync(
        SessionId session, Identity sender, Func<AccessList, Submission?> submit, CancellationToken ct, bool counted = false)
    {
        if (!counted && Throttle(sender) is { } wait)
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

    public ValueTask DisposeAsync() => _limiter.DisposeAsync();
}
