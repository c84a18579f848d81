namespace Cluster.Next.Grains.Logs;

/// <summary>Something that a grain does outside because of what its log says: a push, an outbox, a worker. It reads what to do from
/// the state each time, so a new activation goes on where an old one ended. It runs only after the activation's own claim is durable.</summary>
public abstract class Effect
{
    private Task _running = Task.CompletedTask;
    private bool _again;

    /// <summary>True while there is something to do.</summary>
    protected abstract bool HasWork { get; }

    /// <summary>Looks whether there is something to do. Called on the grain's own scheduler after each append.</summary>
    public void Wake()
    {
        _again = true;
        if (_running.IsCompleted && HasWork)
        {
            _running = RunAsync();
        }
    }

    /// <summary>Ends when what runs has ended.</summary>
    public Task StopAsync() => _running;

    /// <summary>Does what there is to do, and returns when nothing is left. Handles its own failures.</summary>
    protected abstract Task WorkAsync();

    private async Task RunAsync()
    {
        while (_again && HasWork)
        {
            _again = false;
            await WorkAsync();
        }
    }
}
