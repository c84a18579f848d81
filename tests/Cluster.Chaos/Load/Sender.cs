using System.Net.Http.Json;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;
using Cluster.Core.Api;

namespace Cluster.Chaos.Load;

/// <summary>Submits one thing until it is accepted, each time under the same id, and logs every try.</summary>
internal sealed class Sender(Balancer balancer, HistoryLog log) : IDisposable
{
    // GitHub's own patience.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(3) })
    {
        Timeout = AnswerWithin,
    };

    /// <returns>False when the token ended it before anybody accepted it.</returns>
    public async Task<bool> SendAsync(Submission submission, Func<Uri, HttpRequestMessage> make, CancellationToken ct)
    {
        log.Submitted(submission);
        var wait = FirstWait;
        while (true)
        {
            var one = await TryAsync(
                submission.Number, async inner => (await balancer.SendAsync(Http, make, HttpCompletionOption.ResponseContentRead, inner)).Answer, ct);
            if (one.Accepted)
            {
                return true;
            }

            try
            {
                await Task.Delay(wait * (0.5 + (Random.Shared.NextDouble() / 2)), ct);
            }
            catch (OperationCanceledException)
            {
                return false;
            }

            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
    }

    /// <summary>One try, whatever comes of it.</summary>
    public async Task<Try> TryAsync(long number, Func<CancellationToken, Task<HttpResponseMessage>> send, CancellationToken ct)
    {
        var at = RunClock.Now;
        var (status, eventId) = (0, (long?)null);
        try
        {
            using var answer = await send(ct);
            status = (int)answer.StatusCode;
            if (answer.IsSuccessStatusCode && answer.Content.Headers.ContentType?.MediaType == "application/json")
            {
                eventId = long.Parse((await answer.Content.ReadFromJsonAsync(ApiJson.Default.MessageAccepted, ct))!.EventId);
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            // no answer
        }

        var one = new Try { Number = number, SubmittedAt = at, AnsweredAt = RunClock.Now, Status = status, EventId = eventId };
        log.Tried(one);
        return one;
    }

    public void Dispose() => Http.Dispose();
}
