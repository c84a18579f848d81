namespace Cluster.Chat.Discord;

/// <summary>The whereabouts as the connection moves them, and as the inbox keeps them.</summary>
internal sealed class ResumeMemory(IChatInbox inbox) : IDisposable
{
    private readonly SemaphoreSlim _keeping = new(1);
    private volatile Whereabouts _at = new(null, []);
    private string? _kept;

    public Whereabouts At
    {
        get => _at;
        set => _at = value;
    }

    public async Task RecallAsync(CancellationToken ct)
    {
        _kept = await inbox.RecallAsync(ct);
        _at = Whereabouts.Parse(_kept);
    }

    /// <summary>Keeps them where they have moved.</summary>
    public async Task KeepAsync(CancellationToken ct)
    {
        await _keeping.WaitAsync(ct);
        try
        {
            var now = _at.ToString();
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
