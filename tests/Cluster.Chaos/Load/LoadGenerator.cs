using Cluster.Chaos.History;

namespace Cluster.Chaos.Load;

/// <summary>Submits at a steady rate, whether or not what was submitted before is accepted yet: half webhooks, half messages.</summary>
internal sealed class LoadGenerator(Sender sender, IReadOnlyList<Target> targets, double perSecond) : IAsyncDisposable
{
    // An outage must not grow into a flood of its own: so many wait at the most, and the rest is not submitted.
    private const int MostPending = 2_000;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    // One row of numbers for all scenarios of a run, all of nine digits.
    private static long _numbers = 100_000_000;

    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _giveUp = new();
    private readonly Errands _pending = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Which target gets the nth submission; by default each in turn.</summary>
    public Func<long, int> Choose { get; init; } = n => (int)(n % targets.Count);

    /// <summary>Submitted, and not accepted yet.</summary>
    public int Pending => _pending.Running;

    public static long NextNumber() => Interlocked.Increment(ref _numbers);

    public void Start() => _running = RunAsync();

    /// <summary>Submits nothing more; what is pending goes on.</summary>
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

    private async Task RunAsync()
    {
        var start = RunClock.Now;
        var submitted = 0L;
        try
        {
            using var timer = new PeriodicTimer(Tick);
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                for (; submitted < (RunClock.Now - start).TotalSeconds * perSecond; submitted++)
                {
                    var n = submitted;
                    if (Pending < MostPending)
                    {
                        _pending.Run(() => SubmitAsync(n));
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task SubmitAsync(long n)
    {
        var target = targets[Choose(n)];
        var submission = new Submission(NextNumber(), target.Session);
        var make = n / targets.Count % 2 == 0
            ? target.Webhook(submission.Number, Guid.NewGuid().ToString(), sender.Http)
            : target.Message(submission.Number);
        await sender.SendAsync(submission, make, _giveUp.Token);
    }
}
