namespace Cluster.Next.Grains.Logs;

/// <summary>The store's time, which all nodes share: what it said last and what this machine's steady clock has counted since. It
/// never runs back.</summary>
public sealed class StoreClock(TimeProvider local)
{
    private readonly Lock _gate = new();
    private DateTimeOffset _said = local.GetUtcNow();
    private long _at = local.GetTimestamp();
    private DateTimeOffset _last = DateTimeOffset.MinValue;

    public TimeProvider Local => local;

    public DateTimeOffset Now
    {
        get
        {
            lock (_gate)
            {
                var now = _said + local.GetElapsedTime(_at);
                return _last = now > _last ? now : _last;
            }
        }
    }

    /// <summary>The store has just said this.</summary>
    public void Hear(DateTimeOffset now)
    {
        lock (_gate)
        {
            _said = now;
            _at = local.GetTimestamp();
        }
    }
}
