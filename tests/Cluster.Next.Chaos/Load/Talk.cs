using System.Net.Http.Headers;
using System.Net.Http.Json;
using Cluster.Chaos;
using Cluster.Chaos.History;
using Cluster.Chaos.Load;
using Cluster.Core.Api;

namespace Cluster.Next.Chaos.Load;

/// <summary>Who talks, with a token.</summary>
internal sealed record Talker(string Name, string Token);

/// <summary>People who talk to sessions at a steady rate over all nodes, whether or not what they said before is accepted yet; each message until it is.</summary>
internal sealed class Talk(Sender sender, string owner, IReadOnlyList<string> sessions, IReadOnlyList<Talker> talkers, double perSecond) : IAsyncDisposable
{
    // An outage must not grow into a flood of its own: so many wait at the most, and the rest is not said.
    private const int MostPending = 4_000;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    // One row of numbers for all storms of a run.
    private static long _numbers;

    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _giveUp = new();
    private readonly Errands _pending = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Said, and not accepted yet.</summary>
    public int Pending => _pending.Running;

    public static long NextNumber() => Interlocked.Increment(ref _numbers);

    public void Start() => _running = RunAsync();

    /// <summary>Says nothing more; what is pending goes on.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _giveUp.CancelAsync();
        await _pending.DoneAsync();
        _stop.Dispose();
        _giveUp.Dispose();
    }

    /// <summary>A message that names this number.</summary>
    public static Func<Uri, HttpRequestMessage> Message(long number, string owner, string session, Talker talker) => node =>
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(node, $"/api/sessions/{owner}/{session}/messages"))
        {
            Content = JsonContent.Create(
                new SendMessage { Text = $"number {number}: what is the state of main?", ClientId = $"number-{number}" }, ApiJson.Default.SendMessage),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", talker.Token);
        return request;
    };

    private async Task RunAsync()
    {
        var start = RunClock.Now;
        var said = 0L;
        try
        {
            using var timer = new PeriodicTimer(Tick);
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                for (; said < (RunClock.Now - start).TotalSeconds * perSecond; said++)
                {
                    if (Pending < MostPending)
                    {
                        var n = said;
                        _pending.Run(() => SayAsync(n));
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task SayAsync(long n)
    {
        var session = sessions[(int)(n % sessions.Count)];
        var talker = talkers[(int)(n / sessions.Count % talkers.Count)];
        var number = NextNumber();
        await sender.SendAsync(new Submission(number, session), Message(number, owner, session, talker), _giveUp.Token);
    }
}
