using System.Collections.Concurrent;
using Cluster.Core.Channel;
using Cluster.Core.Sessions;
using Cluster.Storage.Sessions;
using McpSession = Cluster.Storage.Sessions.McpSession;

namespace Cluster.Server.Mcp;

/// <summary>Takes from the headers of clients where their sessions work. What breaks a pattern is left out and never an error: nobody loses a
/// session by an odd folder.</summary>
internal sealed class Workplaces(WorkplaceStore store, TimeProvider clock)
{
    private const int Most = 50_000;

    // After a newer client has gone, the older one has the word again.
    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(1);

    // What was told last here of each session, so that the thousandth request with the same headers asks nobody.
    private readonly ConcurrentDictionary<SessionId, (string By, Workplace Place, long Since)> _told = new();

    /// <summary>An MCP session begins, or begins to listen: others may have told of its session since.</summary>
    public async Task BeginAsync(string mcpSession, SessionId session, IHeaderDictionary headers, CancellationToken ct)
    {
        var (told, since) = (Read(headers), clock.GetTimestamp());
        if (!await store.TellAsync(mcpSession, session, told, ct))
        {
            return;
        }

        if (_told.Count >= Most)
        {
            _told.Clear();
        }

        _told[session] = (mcpSession, told, since);
    }

    /// <summary>An MCP session sends something.</summary>
    public Task HearAsync(McpSession session, IHeaderDictionary headers, CancellationToken ct)
    {
        var told = Read(headers);
        var isKnown = _told.TryGetValue(session.Session, out var known)
            ? known.By == session.Id && known.Place == told && clock.GetElapsedTime(known.Since) < KnownFor
            : told == Workplace.None;
        return isKnown ? Task.CompletedTask : BeginAsync(session.Id, session.Session, headers, ct);
    }

    private static Workplace Read(IHeaderDictionary headers)
    {
        return Workplace.Read(One(ChannelProtocol.RepositoryHeader), One(ChannelProtocol.BranchHeader), One(ChannelProtocol.FolderHeader));

        string? One(string name) => headers[name] is [{ } only] ? only : null;
    }
}
