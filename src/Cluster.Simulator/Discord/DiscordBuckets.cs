using Microsoft.AspNetCore.Http;

namespace Cluster.Simulator.Discord;

/// <summary>Counts calls as Discord does, and says so in headers (Discord: Rate Limits, header format).</summary>
internal sealed class DiscordBuckets(TimeProvider clock)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Bucket, string Major), (int Used, DateTimeOffset Reset)> _buckets = [];

    /// <summary>Calls in five seconds for one route and channel; null for no limit.</summary>
    public int? Limit { get; set; }

    /// <summary>Seconds to wait when there were too many.</summary>
    public double? Count(HttpResponse response, string bucket, string major)
    {
        if (Limit is not { } limit)
        {
            return null;
        }

        lock (_lock)
        {
            var now = clock.GetUtcNow();
            var (used, reset) = _buckets.GetValueOrDefault((bucket, major));
            if (reset <= now)
            {
                (used, reset) = (0, now + Window);
            }

            var over = used >= limit;
            _buckets[(bucket, major)] = (over ? used : used + 1, reset);
            var after = (reset - now).TotalSeconds;
            response.Headers["X-RateLimit-Limit"] = $"{limit}";
            response.Headers["X-RateLimit-Remaining"] = $"{(over ? 0 : limit - used - 1)}";
            response.Headers["X-RateLimit-Reset"] = $"{reset.ToUnixTimeMilliseconds() / 1000.0}";
            response.Headers["X-RateLimit-Reset-After"] = $"{after}";
            response.Headers["X-RateLimit-Bucket"] = $"{bucket.GetHashCode(StringComparison.Ordinal):x8}";
            if (over)
            {
                response.Headers["X-RateLimit-Scope"] = "user";
                response.Headers.RetryAfter = $"{Math.Ceiling(after)}";
            }

            return over ? after : null;
        }
    }
}
