using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Cluster.Core.Webhooks.GitHub;
using Cluster.Storage.Sources;

namespace Cluster.Server.Webhooks.CatchUp;

/// <summary>GitHub does not give what was asked for.</summary>
/// <param name="problem">What is wrong and what to do, for people.</param>
/// <param name="status">What it answered; null when it answered nothing.</param>
/// <param name="wait">How long it wants to hear nothing; null when it did not say.</param>
internal sealed class GitHubProblemException(string problem, HttpStatusCode? status = null, TimeSpan? wait = null) : Exception(problem)
{
    public HttpStatusCode? Status => status;

    public TimeSpan? Wait => wait;
}

/// <summary>The part of GitHub's REST API that tells which deliveries failed and repeats them (GitHub Docs: REST, repository webhooks and organization
/// webhooks; best practices for using the REST API). Addresses are made here alone; no redirection is followed, since it would take the token along.</summary>
internal sealed class GitHubApi([FromKeyedServices(GitHubApi.Handler)] HttpMessageHandler handler, TimeProvider clock) : IDisposable
{
    public const string Handler = "github";

    private static readonly TimeSpan UnlessSaid = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly HttpClient _http = new(handler, disposeHandler: false)
    {
        Timeout = TimeSpan.FromSeconds(20),
        MaxResponseContentBufferSize = 4 * 1024 * 1024, // bytes
    };

    /// <summary>The hook that has this source's address; of one that has several pages of hooks, it must be named.</summary>
    public async Task<long> FindHookAsync(CatchUpJob job, string token, CancellationToken ct)
    {
        var (_, body) = await AskAsync(job, HttpMethod.Get, "hooks?per_page=100", token, ct);
        return HookDelivery.FindHook(body, job.Path)
            ?? throw new GitHubProblemException($"{job.Owner} has no hook with this source's URL; name it: cluster source catch-up {job.Source} --hook ID.");
    }

    /// <summary>A page of attempts, the latest first, and what the next page is called.</summary>
    public async Task<(IReadOnlyList<HookDelivery> Attempts, string? Next)> ListAsync(CatchUpJob job, long hook, string? cursor, string token, CancellationToken ct)
    {
        var (link, body) = await AskAsync(
            job, HttpMethod.Get, $"hooks/{hook}/deliveries?per_page=100{(cursor is null ? "" : $"&cursor={cursor}")}", token, ct);
        return (HookDelivery.ReadList(body), HookDelivery.NextCursor(link));
    }

    public Task RedeliverAsync(CatchUpJob job, long hook, long attempt, string token, CancellationToken ct) =>
        AskAsync(job, HttpMethod.Post, $"hooks/{hook}/deliveries/{attempt}/attempts", token, ct);

    public void Dispose() => _http.Dispose();

    private async Task<(string? Link, byte[] Body)> AskAsync(CatchUpJob job, HttpMethod method, string path, string token, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, $"{job.Api}/{job.Owner}/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.github+json"));
        request.Headers.Add("X-GitHub-Api-Version", "2022-11-28");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("channel-cluster", "1"));
        try
        {
            using var answer = await _http.SendAsync(request, ct);
            if (!answer.IsSuccessStatusCode)
            {
                throw new GitHubProblemException(Explain(answer.StatusCode, job), answer.StatusCode, WaitOf(answer));
            }

            var link = answer.Headers.TryGetValues("Link", out var links) ? string.Join(", ", links) : null;
            return (link, await answer.Content.ReadAsByteArrayAsync(ct));
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new GitHubProblemException($"{request.RequestUri!.Host} cannot be reached from this node.");
        }
    }

    private static string Explain(HttpStatusCode status, CatchUpJob job) => status switch
    {
        HttpStatusCode.Unauthorized => $"GitHub does not accept the token; give another one: cluster source catch-up {job.Source} --token-file FILE.",
        HttpStatusCode.TooManyRequests => "GitHub's limit of requests is reached; it is asked again later.",
        HttpStatusCode.Forbidden => "GitHub refuses this (403): its limit is reached, or the token may not write to webhooks.",
        HttpStatusCode.NotFound => "GitHub knows no such hook (404), or the token may not see it.",
        >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => $"GitHub has moved the repository or organization; name it as it is called now: cluster source catch-up {job.Source} --repository OWNER/NAME.",
        _ => $"GitHub answered {(int)status}.",
    };

    // First what it says, then when its limit begins anew; else a minute (GitHub Docs: best practices, handle rate limit errors).
    private TimeSpan? WaitOf(HttpResponseMessage answer)
    {
        if (answer.Headers.RetryAfter is { } after)
        {
            return Bound(after.Delta ?? after.Date - clock.GetUtcNow());
        }

        if (One(answer, "x-ratelimit-remaining") == "0"
            && long.TryParse(One(answer, "x-ratelimit-reset"), NumberStyles.None, CultureInfo.InvariantCulture, out var reset) && reset < 253_402_300_800)
        {
            return Bound(DateTimeOffset.FromUnixTimeSeconds(reset) - clock.GetUtcNow());
        }

        return answer.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests ? UnlessSaid : null;
    }

    private static TimeSpan? Bound(TimeSpan? wait) => wait is not { } time ? null : time < UnlessSaid ? UnlessSaid : time > Longest ? Longest : time;

    private static string? One(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
