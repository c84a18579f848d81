namespace Cluster.Chaos;

/// <summary>Work that nobody waits for at once, but everybody before the end: what failed in it comes to light there.</summary>
internal sealed class Errands
{
    private readonly Lock _changing = new();
    private readonly HashSet<Task> _running = [];
    private readonly List<Exception> _failures = [];

    public int Running
    {
        get
        {
            lock (_changing)
            {
                return _running.Count;
            }
        }
    }

    public void Run(Func<Task> errand)
    {
        lock (_changing)
        {
            var task = Task.Run(errand);
            _running.Add(task);
            task.ContinueWith(Ended, TaskScheduler.Default);
        }
    }

    /// <exception cref="AggregateException">What failed.</exception>
    public async Task DoneAsync()
    {
        Task[] running;
        while ((running = Snapshot()).Length > 0)
        {
            await Task.WhenAll(running).ContinueWith(_ => { }, TaskScheduler.Default);
            await Task.Yield();
        }

        if (_failures.Count > 0)
        {
            throw new AggregateException(_failures);
        }
    }

    private Task[] Snapshot()
    {
        lock (_changing)
        {
            return [.. _running];
        }
    }

    private void Ended(Task task)
    {
        lock (_changing)
        {
            _running.Remove(task);
            if (task.Exception is { } failure)
            {
                _failures.AddRange(failure.InnerExceptions);
            }
        }
    }
}
