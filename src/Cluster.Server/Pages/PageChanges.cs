using System.Data.Common;
using Cluster.Core.Access;
using Cluster.Core.Sessions;
using Cluster.Server.Nodes;
using Cluster.Server.Security;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;

namespace Cluster.Server.Pages;

/// <summary>The one stream that makes a page live. It says which session has changed, never how; the page then asks again, as its
/// visitor. It ends with the login and with the node.</summary>
internal sealed class PageChanges(
    Wakeups wakeups, SessionStore sessions, AccessStore accesses, PrincipalStore principals, Heartbeat heartbeat, IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan LoginCheck = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    // Changes that follow one another closely are told together.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(200);

    /// <param name="context">The request.</param>
    /// <param name="login">The visitor's login, which is proved again and again.</param>
    public async Task ServeAsync(HttpContext context, string login)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        try
        {
            await PumpAsync(context, login, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // the visitor or the node has gone
        }
        catch (DbException) when (context.Response.HasStarted)
        {
            // the page says that the connection is lost, and comes back
        }
    }

    private async Task PumpAsync(HttpContext context, string login, CancellationToken ct)
    {
        var clock = TimeProvider.System; // the pace of a stream is the visitor's time
        var who = context.Caller().Identity;
        using var watcher = wakeups.WatchEverything();
        await heartbeat.BeatAsync(ct); // from now on other nodes tell this one what changes
        var findable = (await sessions.ListAsync(who, ct)).Select(session => session.Id).ToHashSet();
        await WriteAsync(context, "retry: 1000\n: connected\n\n", ct);
        var spoke = clock.GetTimestamp();
        var proved = spoke;
        while (true)
        {
            await watcher.WaitAsync(LoginCheck - clock.GetElapsedTime(proved) is { Ticks: > 0 } left ? left : TimeSpan.Zero, clock, ct);
            if (clock.GetElapsedTime(proved) >= LoginCheck)
            {
                if (await principals.AuthenticateAsync(login, page: true, ct) is null)
                {
                    return;
                }

                proved = clock.GetTimestamp();
            }

            // Of all topics, sessions only have a slash. What was missed while the node was cut off from the others may be anything.
            foreach (var session in (watcher.TakeTopics() ?? [.. findable]).Where(topic => topic.Contains('/', StringComparison.Ordinal)))
            {
                if (await MayKnowAsync(session, who, findable, ct))
                {
                    await WriteAsync(context, $"event: changed\ndata: {session}\n\n", ct);
                    spoke = clock.GetTimestamp();
                }
            }

            if (clock.GetElapsedTime(spoke) >= KeepAlive)
            {
                await WriteAsync(context, ": still here\n\n", ct);
                spoke = clock.GetTimestamp();
            }

            await Task.Delay(Gather, clock, ct);
        }
    }

    // Whoever has just lost a session is told once more, so that their page forgets it.
    private async Task<bool> MayKnowAsync(string session, Identity who, HashSet<string> findable, CancellationToken ct)
    {
        if (await accesses.FindAsync(SessionId.Parse(session), ct) is { } access && access.May(who, Act.Find))
        {
            findable.Add(session);
            return true;
        }

        return findable.Remove(session);
    }

    private static async Task WriteAsync(HttpContext context, string text, CancellationToken ct)
    {
        await context.Response.WriteAsync(text, ct);
        await context.Response.Body.FlushAsync(ct);
    }
}
