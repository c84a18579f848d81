namespace Cluster.Storage.Engines;

/// <summary>An engine's answer to the wish for a copy of everything.</summary>
public abstract record EngineCopy
{
    private EngineCopy()
    {
    }

    /// <summary>Consistent, and gone when it is closed.</summary>
    public sealed record Taken(Stream File) : EngineCopy;

    /// <summary>The database's own tools take it and bring it back, by these commands.</summary>
    public sealed record ByTool(string Dump, string Restore) : EngineCopy;
}
