using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Server.Grains;
using Cluster.Next.Server.Security;

namespace Cluster.Next.Server.Api;

/// <summary>What people may see of sessions. The grain is asked whether they may; then the log is read, without waking anybody further.</summary>
internal sealed class SessionReads(GrainCalls calls, ILogStore store, IIndexStore index)
{
    private const int Page = 500; // records of one read
    private const int MaxRecords = 20_000; // of one conversation that is looked at

    /// <returns>Null when the caller may not know of it.</returns>
    public async Task<SessionInfo?> FindAsync(SessionId id, NodeCaller caller, CancellationToken ct) =>
        await calls.AskAsync(() => calls.Session<ISessionViews>(id).ViewAsync(caller.AsGrainsKnow, ct), ct) is { } view ? Info(id, view) : null;

    public async Task<IReadOnlyList<SessionInfo>> ListAsync(NodeCaller caller, CancellationToken ct)
    {
        var sessions = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (name, key) in new[] { (SessionIndexes.OwnedBy, caller.Principal), (SessionIndexes.SeenBy, caller.Identity.Value) })
        {
            sessions.UnionWith((await index.FindAsync(name, key, null, Page, ct)).Select(row => row.Entry.Grain.Key));
        }

        var found = await Task.WhenAll(sessions.Select(session => FindAsync(SessionId.Parse(session), caller, ct)));
        return [.. found.OfType<SessionInfo>()];
    }

    /// <returns>Null when the caller may not know of it.</returns>
    public async Task<IReadOnlyList<ConversationLine>?> LinesAsync(SessionId id, NodeCaller caller, int limit, CancellationToken ct)
    {
        if (await FindAsync(id, caller, ct) is null)
        {
            return null;
        }

        // Who may watch sees everything, everybody else the own conversation.
        var all = await calls.AskAsync(() => calls.Session<ISessionViews>(id).MayAsync(caller.AsGrainsKnow, Act.Watch, ct), ct);
        var records = await BackAsync(SessionState.Log(id), limit, ct);
        var conversations = new Conversations(id);
        foreach (var record in records)
        {
            conversations.Add(record);
        }

        return conversations.Last(limit, all ? null : caller.Identity.Value);
    }

    // Enough of the log's end to hold so many lines, the oldest record first.
    private async Task<List<LogRecord>> BackAsync(LogId log, int limit, CancellationToken ct)
    {
        var records = new List<LogRecord>();
        var before = long.MaxValue;
        var lines = 0;
        while (lines < limit && records.Count < MaxRecords)
        {
            var page = await store.ReadBackAsync(log, before, Page, ct);
            records.AddRange(page);
            lines += page.Count(record => record.Kind is "event-accepted" or "replied");
            if (page.Count < Page)
            {
                break;
            }

            before = page[^1].Position;
        }

        records.Reverse();
        return records;
    }

    private static SessionInfo Info(SessionId id, SessionView view) => new()
    {
        Id = id.ToString(),
        Roles = view.Roles,
        Attached = view.Attached,
        Client = view.Client,
        AttachedAt = view.AttachedAt,
        LastCallAt = view.LastCallAt,
        Waiting = view.Waiting,
        OpenPermissions = 0,
    };
}
