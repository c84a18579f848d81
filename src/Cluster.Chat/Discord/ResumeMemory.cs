namespace Cluster.Chat.Discord;

/// <summary>The whereabouts as the connections move them, and as the inbox keeps them.</summary>
internal sealed class ResumeMemory(IChatInbox inbox) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _keeping = new(1);
    private Whereabouts _at = new([null], []);
    private string? _kept;

    public Whereabouts At
    {
        get
        {
            lock (_lock)
            {
                return _at;
            }
        }
    }

    public async Task RecallAsync(CancellationToken ct)
    {
        _kept = await inbox.RecallAsync(ct);
        Move(_ => Whereabouts.Parse(_kept));
    }

    /// <summary>Several connections move them, each its part.</summary>
    /// <returns>Whether they are elsewhere now: <see cref="Whereabouts.IsElsewhere"/>.</returns>
    public bool Move(Func<Whereabouts, Whereabouts> move)
    {
        lock (_lock)
        {
            var before = _at;
            _at = move(before);
            return _at.IsElsewhere(before);
        }
    }

    /// <summary>Keeps them where they have moved.</summary>
    public async Task KeepAsync(CancellationToken ct)
    {
        await _keeping.WaitAsync(ct);
        try
        {
            var now = At.ToString();
            if (now != _kept && now.Length > 0)
            {
                await inbox.RememberAsync(now, ct);
                _kept = now;
            }
        }
        finally
        {
            _keeping.Release();
        }
    }

    public void Dispose() => _keeping.Dispose();
}
