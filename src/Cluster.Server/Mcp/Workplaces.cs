using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Cluster.Core.Channel;
using Cluster.Core.Sessions;
using Cluster.Storage.Sessions;
using McpSession = Cluster.Storage.Sessions.McpSession;

namespace Cluster.Server.Mcp;

/// <summary>Takes from the headers of clients where their sessions work. What breaks a pattern is left out and never an error: nobody loses a
/// session by an odd folder. Claims are written beside the requests that bring them, few at a time: no request waits for one or fails with it.</summary>
internal sealed partial class Workplaces(WorkplaceStore store, TimeProvider clock, ILogger<Workplaces> logger) : BackgroundService
{
    private const int Most = 50_000;
    private const int AtOnce = 2;

    // What was told may have been lost, or not been heard.
    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();

    // What each MCP session told last here, heard or not, so that the thousandth request with the same headers asks nobody.
    private readonly ConcurrentDictionary<string, Told> _told = new();

    // Only the last of what an MCP session told is written; what one session's clients tell is written in its order.
    private readonly ConcurrentDictionary<string, (SessionId Session, Workplace Place)> _waiting = new();
    private readonly Channel<string>[] _lanes = [.. Enumerable.Range(0, AtOnce).Select(_ => Channel.CreateBounded<string>(Most))];

    /// <summary>An MCP session begins, or begins to listen: others may have told of its session since.</summary>
    public void Begin(string mcpSession, SessionId session, IHeaderDictionary headers) => Tell(mcpSession, session, Read(headers));

    /// <summary>An MCP session sends something. What was on its way when it moved is not heard any more.</summary>
    public void Hear(McpSession session, IHeaderDictionary headers)
    {
        var told = Read(headers);
        var isKnown = _told.TryGetValue(session.Id, out var last)
            ? told.Moves < last.Claim.Moves || (last.Claim == told && !last.IsLost && clock.GetElapsedTime(last.Since) < KnownFor)
            : told.Place == Workplace.None;
        if (!isKnown)
        {
            Tell(session.Id, session.Session, told);
        }
    }

    /// <summary>An MCP session gets its session's events from now on, maybe after another one that told of another place.</summary>
    /// <param name="session">The MCP session.</param>
    /// <param name="headers">Those of its stream, where no later ones are known.</param>
    public void Attached(McpSession session, IHeaderDictionary headers) =>
        Tell(session.Id, session.Session, _told.TryGetValue(session.Id, out var last) ? last.Claim : Read(headers));

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(_lanes.Select(lane => WriteAsync(lane.Reader, stoppingToken)));

    private void Tell(string mcpSession, SessionId session, Claim told)
    {
        lock (_gate) // two of one client's requests may come at once
        {
            if (_told.Count >= Most)
            {
                _told.Clear();
            }

            if (_told.TryGetValue(mcpSession, out var last) && last.Claim.Moves > told.Moves)
            {
                told = last.Claim;
            }

            _told[mcpSession] = new Told(told, clock.GetTimestamp(), IsLost: false);
            _waiting[mcpSession] = (session, told.Place);
        }

        if (!_lanes[(uint)session.GetHashCode() % AtOnce].Writer.TryWrite(mcpSession))
        {
            _waiting.TryRemove(mcpSession, out _);
            Lose(mcpSession);
        }
    }

    private async Task WriteAsync(ChannelReader<string> lane, CancellationToken ct)
    {
        await foreach (var mcpSession in lane.ReadAllAsync(ct))
        {
            if (!_waiting.TryRemove(mcpSession, out var claim))
            {
                continue;
            }

            try
            {
                await store.TellAsync(mcpSession, claim.Session, claim.Place, ct);
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                Lose(mcpSession);
                LogNotWritten(e, $"{claim.Session}");
            }
        }
    }

    // Its next request tells it again.
    private void Lose(string mcpSession)
    {
        if (_told.TryGetValue(mcpSession, out var told))
        {
            _told.TryUpdate(mcpSession, told with { IsLost = true }, told);
        }
    }

    private static Claim Read(IHeaderDictionary headers)
    {
        return new Claim(
            Workplace.Read(One(ChannelProtocol.RepositoryHeader), One(ChannelProtocol.BranchHeader), One(ChannelProtocol.FolderHeader)),
            long.TryParse(One(ChannelProtocol.MovesHeader), NumberStyles.None, CultureInfo.InvariantCulture, out var moves) ? moves : 0);

        string? One(string name) => headers[name] is [{ } only] ? only : null;
    }

    [LoggerMessage(LogLevel.Warning, "Where session {Session} works is not written down; its next request tells it again.")]
    private partial void LogNotWritten(Exception e, string session);

    private readonly record struct Claim(Workplace Place, long Moves);

    private sealed record Told(Claim Claim, long Since, bool IsLost);
}
