using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.GitHub;
using Cluster.Storage.Leases;
using Cluster.Storage.Sources;

namespace Cluster.Server.Webhooks.CatchUp;

/// <summary>One source's failed deliveries: which there are, which of them have not entered by another way, and GitHub is asked to repeat those. A delivery
/// that is repeated comes in as any other, by its old id. Every ask is counted before it is made, so that no crash asks too often. What one round does not
/// come to, the next one goes on with at once.</summary>
internal sealed class CatchUpRound(CatchUpStore store, SourceStore sources, LeaseStore leases, GitHubApi github, TimeProvider clock)
{
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    private const int MostPages = 10;
    private const int MostAsks = 20;
    private const int MostLooked = 200;
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
            var hook = job.Hook ?? await github.FindHookAsync(job, token, ct); // each time: one that was made again has another number
            var more = !await ListAsync(lease, job, hook, token, now, ct);
            if (!more)
            {
                // Only now, since the oldest comes first and the list begins with the latest.
                var due = await store.FailedAsync(job, now, MostLooked, ct);
                more = due.Count == MostLooked;
                foreach (var failed in due)
                {
                    if (asked == MostAsks)
                    {
                        more = true;
                        break;
                    }

                    if (!await MayAskAsync(lease, job, failed, now, ct))
                    {
                        continue;
                    }

                    if (asked++ > 0)
                    {
                        await Task.Delay(Pause, clock, ct);
                    }

                    await AskAsync(lease, job, hook, failed, token, ct);
                }
            }

            await leases.TurnAsync(lease, turn => CatchUpStore.AskedAsync(turn, job, more ? now : now + Every, null, null), ct);
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
            await FailAsync(
                lease, job, now, $"The token cannot be opened with this node's key; give it again: cluster source catch-up {job.Source} --token-file FILE.", null, ct);
        }

        return asked;
    }

    /// <summary>Notes what is wrong, and when to try again.</summary>
    public Task<int> FailAsync(Lease lease, CatchUpJob job, DateTimeOffset now, string problem, TimeSpan? wait, CancellationToken ct)
    {
        var backoff = TimeSpan.FromMinutes(Math.Pow(2, Math.Min(job.Failures, 10)));
        var next = Later(now + (backoff < LongestWait ? backoff : LongestWait), now + (wait ?? TimeSpan.Zero));
        return leases.TurnAsync(lease, turn => CatchUpStore.AskedAsync(turn, job, next, now + wait, problem), ct);
    }

    // The latest first, until those that are done with; false when there is more to read.
    private async Task<bool> ListAsync(Lease lease, CatchUpJob job, long hook, string token, DateTimeOffset now, CancellationToken ct)
    {
        var oldest = Later(job.Since, now - HookDelivery.Redeliverable);
        var began = job.Listing ?? now;
        var attempts = new List<HookDelivery>();
        var page = job.NextPage;
        var whole = false;
        for (var i = 0; i < MostPages && !whole; i++)
        {
            var (some, next) = await PageAsync(lease, job, hook, page, token, ct);
            attempts.AddRange(some.Where(attempt => attempt.At >= oldest));
            page = next;
            whole = next is null || some.Any(attempt => attempt.At < oldest);
        }

        foreach (var failed in HookDelivery.Failed(attempts).Chunk(100))
        {
            await leases.TurnAsync(lease, turn => FailedDeliveries.NoteAsync(turn, job, failed, now), ct);
        }

        var arrived = attempts.Where(attempt => attempt.Ok).Select(attempt => attempt.Delivery).ToHashSet();
        await leases.TurnAsync(
            lease,
            async turn =>
            {
                await FailedDeliveries.ArrivedAsync(turn, job, arrived);
                return whole
                    ? await CatchUpStore.ListedAsync(turn, job, Later(job.Since, began - Overlap), null, null)
                    : await CatchUpStore.ListedAsync(turn, job, job.Since, page, began);
            },
            ct);
        return whole;
    }

    private async Task<(IReadOnlyList<HookDelivery> Attempts, string? Next)> PageAsync(
        Lease lease, CatchUpJob job, long hook, string? page, string token, CancellationToken ct)
    {
        try
        {
            return await github.ListAsync(job, hook, page, token, ct);
        }
        catch (GitHubProblemException e) when (page is not null && IsOfThisOnly(e.Status))
        {
            // Perhaps the page is there no more: the next round begins at the top.
            await leases.TurnAsync(lease, turn => CatchUpStore.ListedAsync(turn, job, job.Since, null, null), ct);
            throw;
        }
    }

    private async Task<bool> MayAskAsync(Lease lease, CatchUpJob job, FailedDelivery failed, DateTimeOffset now, CancellationToken ct)
    {
        if (await sources.KnowsAsync([DedupeKeys.Delivery(job.Source, failed.Delivery)], ct) is not null)
        {
            await leases.TurnAsync(lease, turn => FailedDeliveries.EnteredAsync(turn, job, failed.Delivery), ct);
            return false;
        }

        if (failed.Asked >= FailedDeliveries.MostAsked)
        {
            await leases.TurnAsync(lease, turn => FailedDeliveries.GiveUpAsync(turn, job, failed.Delivery), ct);
            return false;
        }

        return await leases.TurnAsync(lease, turn => FailedDeliveries.CountAsync(turn, job, failed, now), ct);
    }

    // What becomes of an ask that nobody answers is not known, and it stays counted.
    private async Task AskAsync(Lease lease, CatchUpJob job, long hook, FailedDelivery failed, string token, CancellationToken ct)
    {
        try
        {
            await github.RedeliverAsync(job, hook, failed.Attempt, token, ct);
        }
        catch (GitHubProblemException e) when (IsOfThisOnly(e.Status))
        {
            await leases.TurnAsync(lease, turn => FailedDeliveries.GiveUpAsync(turn, job, failed.Delivery), ct);
        }
        catch (GitHubProblemException e) when (e.Status is not null)
        {
            await leases.TurnAsync(lease, turn => FailedDeliveries.TakeBackAsync(turn, job, failed), ct);
            throw;
        }
    }

    private static bool IsOfThisOnly(HttpStatusCode? status) =>
        status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.UnprocessableEntity;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
