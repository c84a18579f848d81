using Cluster.Core.Webhooks;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Routes;

namespace Cluster.Storage.Sources;

/// <summary>What became of a change to a source.</summary>
public abstract record SourceChange
{
    private SourceChange()
    {
    }

    /// <summary>The settings as they are now.</summary>
    public sealed record Done(SourceSettings Settings) : SourceChange;

    /// <summary>There is no such source, or it is not the caller's.</summary>
    public sealed record NoSuchSource : SourceChange;

    /// <summary>Why it cannot be so.</summary>
    public sealed record Refused(string Fault) : SourceChange;
}

/// <summary>Changes to what a source trusts. Each raises the version of all sessions that the source reaches, and their allowlists tell the settings on
/// which an event must have been read: one that was read on those before is read again, on every node.</summary>
public sealed class SourceChanges(Engine engine)
{
    /// <param name="name">The source.</param>
    /// <param name="change">From its kind and its settings: those that it shall have, or what is wrong with them.</param>
    /// <param name="detail">What changes, for the audit.</param>
    /// <param name="by">Who asks.</param>
    /// <param name="ct">Cancels the wait.</param>
    public Task<SourceChange> ChangeAsync(
        string name, Func<string, SourceSettings, (SourceSettings Settings, string? Fault)> change, string detail, Caller by, CancellationToken ct) =>
        engine.TurnAsync<SourceChange>(
            async turn =>
            {
                await Tokens.HoldAsync(turn, by);

                // Two at a time come one after the other: the row is taken before it is read.
                var taken = await turn.Db.RowsAsync(
                    "UPDATE source SET name = name WHERE name = @name AND (owner = @owner OR @admin = 1) RETURNING kind, settings",
                    r => (Kind: r.GetString(0), Settings: r.TextOrNull(1) is { } text ? SourceStore.Read(text) : SourceSettings.None),
                    ("@name", name),
                    ("@owner", by.Principal),
                    ("@admin", by.Admin ? 1 : 0));
                if (taken is not [var (kind, before)])
                {
                    return new SourceChange.NoSuchSource();
                }

                var (after, fault) = change(kind, before);
                if (fault is not null)
                {
                    return new SourceChange.Refused(fault);
                }

                if (SourceStore.Write(after) != SourceStore.Write(before))
                {
                    await turn.Db.ExecuteAsync(
                        "UPDATE source SET settings = @settings WHERE name = @name", ("@name", name), ("@settings", SourceStore.Write(after)));
                    await RouteStore.RaiseAsync(turn, name);
                    await turn.AuditAsync(by.Identity.Value, "source.change", name, detail);
                }

                return new SourceChange.Done(after);
            },
            ct);
}
