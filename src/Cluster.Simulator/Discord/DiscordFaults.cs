namespace Cluster.Simulator.Discord;

/// <summary>What goes wrong at the simulated Discord, as a test wishes.</summary>
public sealed class DiscordFaults
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Status, int Code, string Message)> _refusals = [];
    private int _failing;
    private int _status;

    /// <summary>Heartbeats are heard and not answered.</summary>
    public bool Deaf { get; set; }

    /// <summary>The gateway closes with this code instead of letting anybody in.</summary>
    public int? CloseAtDoor { get; set; }

    /// <summary>The next calls of the API fail.</summary>
    /// <param name="calls">How many.</param>
    /// <param name="status">500 and so on; 0 breaks the connection.</param>
    public void FailNext(int calls, int status)
    {
        lock (_lock)
        {
            (_failing, _status) = (calls, status);
        }
    }

    /// <summary>What goes wrong when the next file is fetched.</summary>
    public FileTrouble File { get; set; }

    /// <summary>A channel turns the bot away.</summary>
    public void Refuse(string channel, int status, int code, string message)
    {
        lock (_lock)
        {
            _refusals[channel] = (status, code, message);
        }
    }

    /// <summary>No longer.</summary>
    public void Allow(string channel)
    {
        lock (_lock)
        {
            _refusals.Remove(channel);
        }
    }

    internal FileTrouble NextFile()
    {
        lock (_lock)
        {
            var next = File;
            File = FileTrouble.None;
            return next;
        }
    }

    internal int? NextFailure()
    {
        lock (_lock)
        {
            return _failing-- > 0 ? _status : null;
        }
    }

    internal (int Status, int Code, string Message)? RefusalOf(string channel)
    {
        lock (_lock)
        {
            return _refusals.TryGetValue(channel, out var refusal) ? refusal : null;
        }
    }
}
