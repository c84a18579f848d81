using System.Globalization;
using System.Net;

namespace Cluster.Chat.Discord;

/// <summary>What Discord still lets this bot do (Discord: Rate Limits). Buckets are learned from the answers; two numbers are known before.</summary>
internal sealed class DiscordLimits(TimeProvider clock)
{
    /// <summary>Discord: Rate Limits, global rate limit.</summary>
    public const int CallsPerSecond = 50;

    /// <summary>An address that makes 10,000 invalid calls in 10 minutes is locked out with everybody behind it (Discord: Rate Limits, invalid
    /// request limit). Other programs may share the address.</summary>
    public const int InvalidCalls = 2_000;

    private const int ManyBuckets = 1_000;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan InvalidWindow = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _bucketOf = [];
    private readonly Dictionary<(string Bucket, string Major), Bucket> _buckets = [];
    private readonly Queue<DateTimeOffset> _calls = [];
    private readonly Queue<DateTimeOffset> _invalid = [];
    private DateTimeOffset _closedUntil;

    /// <summary>Takes the right to call once.</summary>
    /// <returns>Zero for go ahead, or how long to wait before asking again.</returns>
    public TimeSpan Take(DiscordRoute route)
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            Forget(_calls, now - Second);
            Forget(_invalid, now - InvalidWindow);
            var until = _invalid.Count >= InvalidCalls ? _invalid.Peek() + InvalidWindow : now;
            if (route.CountsForAll)
            {
                until = Later(until, _closedUntil);
                until = Later(until, _calls.Count >= CallsPerSecond ? _calls.Peek() + Second : now);
            }

            var bucket = _buckets.GetValueOrDefault(KeyOf(route));
            if (bucket is { Remaining: <= 0 })
            {
                until = Later(until, bucket.Reset);
            }

            if (until > now)
            {
                return until - now;
            }

            if (bucket is not null)
            {
                bucket.Remaining--;
            }

            if (route.CountsForAll)
            {
                _calls.Enqueue(now);
            }

            return TimeSpan.Zero;
        }
    }

    /// <summary>Reads what an answer says of the limits.</summary>
    public void Learn(DiscordRoute route, HttpResponseMessage answer)
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            if (Header(answer, "X-RateLimit-Bucket") is { } name)
            {
                _bucketOf[route.Name] = name;
            }

            if (Number(answer, "X-RateLimit-Remaining") is { } remaining && Number(answer, "X-RateLimit-Reset-After") is { } after)
            {
                Learn(KeyOf(route), (int)remaining, now + Seconds(after), now);
            }

            var shared = Header(answer, "X-RateLimit-Scope") == "shared";
            if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                || (answer.StatusCode is HttpStatusCode.TooManyRequests && !shared))
            {
                _invalid.Enqueue(now);
            }
        }
    }

    /// <summary>Keeps how long Discord wants to be left alone.</summary>
    public void Wait(DiscordRoute route, TimeSpan wait, bool everywhere)
    {
        lock (_lock)
        {
            var until = clock.GetUtcNow() + wait;
            if (everywhere)
            {
                _closedUntil = Later(_closedUntil, until);
            }
            else
            {
                _buckets[KeyOf(route)] = new() { Remaining = 0, Reset = until };
            }
        }
    }

    /// <summary>From an answer's number of seconds, whatever it is.</summary>
    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(double.IsNaN(seconds) ? 1 : Math.Clamp(seconds, 0, 86_400));

    private void Learn((string Bucket, string Major) key, int remaining, DateTimeOffset reset, DateTimeOffset now)
    {
        if (_buckets.TryGetValue(key, out var known) && known.Reset > now)
        {
            // Answers may come in another order than they were asked: the lower number is the later one.
            known.Remaining = Math.Min(known.Remaining, remaining);
            known.Reset = Later(known.Reset, reset);
            return;
        }

        if (_buckets.Count >= ManyBuckets)
        {
            foreach (var (old, _) in _buckets.Where(bucket => bucket.Value.Reset <= now).ToList())
            {
                _buckets.Remove(old);
            }
        }

        _buckets[key] = new() { Remaining = remaining, Reset = reset };
    }

    /// <summary>Until a bucket's name is known, a route is its own.</summary>
    private (string Bucket, string Major) KeyOf(DiscordRoute route) => (_bucketOf.GetValueOrDefault(route.Name, route.Name), route.Major);

    private static void Forget(Queue<DateTimeOffset> times, DateTimeOffset before)
    {
        while (times.TryPeek(out var oldest) && oldest <= before)
        {
            times.Dequeue();
        }
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static string? Header(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static double? Number(HttpResponseMessage answer, string name) =>
        double.TryParse(Header(answer, name), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private sealed class Bucket
    {
        public required int Remaining { get; set; }

        public required DateTimeOffset Reset { get; set; }
    }
}
