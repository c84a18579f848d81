namespace Cluster.Next.Server.Silos;

/// <summary>What a silo does that was declared dead, or cannot go on: it cuts its clients off and ends at once, since its grains live
/// elsewhere by now.</summary>
internal sealed class DeclaredDead(OpenConnections connections, INodeEnd end) : IFatalErrorHandler
{
    private int _ended;

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            connections.Cut();
            end.End(Why(context, exception));
        }
    }

    private static string Why(string? context, Exception? exception) =>
        exception is null && context?.Contains("dead", StringComparison.OrdinalIgnoreCase) == true
            ? "This node ends: the others took it for dead, since it did not answer them for some seconds (frozen, overloaded or cut off). "
                + "They have taken over what it held. Start it again."
            : $"This node ends: its silo cannot go on ({exception?.GetType().Name ?? "no exception"}: {exception?.Message ?? context}). Start it again.";
}
