namespace Cluster.Simulator.Telegram;

/// <summary>What goes wrong with a call.</summary>
internal enum FaultKind
{
    /// <summary>Answered with an error; nothing was done.</summary>
    Fail,

    /// <summary>The connection breaks; nothing was done.</summary>
    Drop,

    /// <summary>It is done, and then the connection breaks.</summary>
    LoseAnswer,

    /// <summary>It waits for something before it is done.</summary>
    Hold,
}

/// <summary>One thing that goes wrong.</summary>
internal sealed record Fault(FaultKind Kind, Answer? Answer, Task? Until = null);

/// <summary>What shall go wrong, in order, by method.</summary>
internal sealed class Faults
{
    private readonly Lock _lock = new();
    private readonly List<(string Method, Fault Fault)> _next = [];

    public void Add(string method, Fault fault, int times)
    {
        lock (_lock)
        {
            _next.AddRange(Enumerable.Repeat((method, fault), times));
        }
    }

    public Fault? Take(string method)
    {
        lock (_lock)
        {
            var index = _next.FindIndex(next => next.Method == method);
            if (index < 0)
            {
                return null;
            }

            var fault = _next[index].Fault;
            _next.RemoveAt(index);
            return fault;
        }
    }
}
