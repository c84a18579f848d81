using System.Security.Cryptography;
using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.GitHub;
using Cluster.Storage.Leases;
using Cluster.Storage.Sources;

namespace Cluster.Server.Webhooks.CatchUp;

/// <summary>One source's failed deliveries: which there are, which of them have not entered by another way, and GitHub is asked to repeat those. A delivery
/// that is repeated comes in as any other, by its old id. Every ask is counted before it is made, so that no crash asks too often.</summary>
internal sealed class CatchUpRound(CatchUpStore store, SourceStore sources, LeaseStore leases, GitHubApi github, TimeProvider clock)
{
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    private const int MostPages = 10;
    private const int MostAsks = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1); // between asks that change something (GitHub Docs: best practices)
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(10); // GitHub's clock is not ours, and an attempt is listed when it has ended
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <returns>How many deliveries were asked for.</returns>
    /// <exception cref="LeaseLostException">Another node does this by now.</exception>
    public async Task<int> RunAsync(Lease lease, CatchUpJob job, DateTimeOffset now, CancellationToken ct)
    {
        var asked = 0;
        try
        {
            var token = store.OpenToken(job);
            var hook = job.Hook ?? await FindAsync(lease, job, token, ct);
            var oldest = job.Since > now - HookDelivery.Redeliverable ? job.Since : now - HookDelivery.Redeliverable;
            var (attempts, whole) = await ListAsync(job, hook, oldest, token, ct);
            foreach (var failed in HookDelivery.Failed(attempts))
            {
                if (asked == MostAsks)
                {
                    whole = false; // the rest in the next round, which begins where this one did
                    break;
                }

                if (await sources.KnowsAsync([DedupeKeys.Delivery(job.Source, failed.Delivery)], ct) is not null
                    || !await leases.TurnAsync(lease, turn => CatchUpStore.CountAsync(turn, job, failed.Delivery), ct))
                {
                    continue;
                }

                if (asked++ > 0)
                {
                    await Task.Delay(Pause, clock, ct);
                }

                await github.RedeliverAsync(job, hook, failed.Id, token, ct);
            }

            var since = whole ? Later(job.Since, now - Overlap) : job.Since;
            await leases.TurnAsync(lease, turn => CatchUpStore.AskedAsync(turn, job, since, now + Every, null, null), ct);
        }
        catch (GitHubProblemException e)
        {
            await FailAsync(lease, job, now, e.Message, e.Wait, ct);
        }
        catch (JsonException)
        {
            await FailAsync(lease, job, now, "GitHub's answer cannot be read.", null, ct);
        }
        catch (CryptographicException)
        {
            await FailAsync(lease, job, now, "The token cannot be opened with this node's key; give it again: cluster source catch-up NAME --token-file FILE.", null, ct);
        }

        return asked;
    }

    private async Task<long> FindAsync(Lease lease, CatchUpJob job, string token, CancellationToken ct)
    {
        var hook = await github.FindHookAsync(job, token, ct);
        await leases.TurnAsync(lease, turn => CatchUpStore.FoundAsync(turn, job, hook), ct);
        return hook;
    }

    // The latest first, until those that are done with.
    private async Task<(List<HookDelivery> Attempts, bool Whole)> ListAsync(CatchUpJob job, long hook, DateTimeOffset oldest, string token, CancellationToken ct)
    {
        var attempts = new List<HookDelivery>();
        string? cursor = null;
        for (var page = 0; page < MostPages; page++)
        {
            var (some, next) = await github.ListAsync(job, hook, cursor, token, ct);
            attempts.AddRange(some.Where(attempt => attempt.At >= oldest));
            if (next is null || some.Any(attempt => attempt.At < oldest))
            {
                return (attempts, true);
            }

            cursor = next;
        }

        return (attempts, false);
    }

    private Task<int> FailAsync(Lease lease, CatchUpJob job, DateTimeOffset now, string problem, TimeSpan? wait, CancellationToken ct)
    {
        var backoff = TimeSpan.FromMinutes(Math.Pow(2, Math.Min(job.Failures, 10)));
        var next = now + (wait ?? (backoff < LongestWait ? backoff : LongestWait));
        return leases.TurnAsync(lease, turn => CatchUpStore.AskedAsync(turn, job, job.Since, next, wait is null ? null : next, problem), ct);
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
