namespace Cluster.Core.Logs;

/// <summary>What became of a <see cref="LogAppend"/>.</summary>
public abstract record LogOutcome
{
    private LogOutcome()
    {
    }

    /// <summary>Durable.</summary>
    /// <param name="At">The store's time; that of each of its records.</param>
    public sealed record Appended(DateTimeOffset At) : LogOutcome;

    /// <summary>The log does not end where the append expects it: somebody else wrote there, or what was there is gone. Whoever asked is not
    /// the grain's latest activation. Nothing was written.</summary>
    public sealed record Collided : LogOutcome;

    /// <summary>A key of it has entered before. Nothing was written; without that key the rest may be appended.</summary>
    public sealed record Known(string Scope, string Key) : LogOutcome;

    /// <summary>The store refuses it, and will again. Nothing was written.</summary>
    public sealed record Refused(string Reason) : LogOutcome;

    /// <summary>The store was not reached in time, or was lost meanwhile: whether it was written is not known. The next claim settles it.</summary>
    public sealed record Unknown(string Reason) : LogOutcome;
}

/// <summary>The store is away, or was lost meanwhile. A state, not a fault of the caller: try again later.</summary>
public sealed class StoreAwayException(string message, Exception? inner = null) : Exception(message, inner);
