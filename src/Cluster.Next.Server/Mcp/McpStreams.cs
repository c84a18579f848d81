using System.Globalization;
using Cluster.Core.Channel;
using Cluster.Next.Grains.Logs;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Server.Grains;

namespace Cluster.Next.Server.Mcp;

/// <summary>
/// The GET streams. A stream asks its session's grain whether it gets the events, every two seconds and when it opens: so a session whose own node
/// has died wakes elsewhere while its stream lives here. <i>Attached</i>, the grain pushes batches to it; <i>superseded</i>, it is kept alive
/// without events; it <i>ends</i> with its MCP session, its reader or the node.
/// </summary>
internal sealed partial class McpStreams(
    GrainCalls calls, StreamNode node, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<McpStreams> logger)
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DefaultKeepAlive = TimeSpan.FromSeconds(15);

    public async Task ServeAsync(HttpContext context, McpClient client)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache, no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        using var stream = new OpenStream(context, clock);
        node.Add(stream);
        try
        {
            await stream.OpenAsync();
            await PumpAsync(stream, client, KeepAliveOf(context), stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // the reader has gone, was too slow, or the node stops
        }
        finally
        {
            node.Remove(stream);
            await CloseAsync(stream, client);
        }
    }

    // While the cluster is away the stream stays open and is kept alive: a client that finds its server gone gives up for good before long.
    private async Task PumpAsync(OpenStream stream, McpClient client, TimeSpan keepAlive, CancellationToken ct)
    {
        var session = calls.Session<ISessionAttachments>(client.Session);
        var request = new AttachRequest { Hash = client.Hash, TokenId = client.TokenId, Stream = stream.Id, JustOpened = true, Node = node.Reference };
        using var timer = new PeriodicTimer(keepAlive < AskEvery ? keepAlive : AskEvery, clock);
        var asked = TimeSpan.MaxValue;
        var at = clock.GetTimestamp();
        do
        {
            if (asked >= AskEvery)
            {
                try
                {
                    at = clock.GetTimestamp();
                    var answer = await session.AttachAsync(request, ct);
                    node.Hear(client.Session.ToString(), answer.Claim, answer.Epoch);
                    if (answer.State is AttachStanding.Ended or AttachStanding.Lost)
                    {
                        stream.Abort();
                        return;
                    }

                    request = request with { JustOpened = false };
                }
                catch (Exception e) when (Passing.Is(e))
                {
                    LogUnanswered(client.Session.ToString(), e.Message);
                }
            }

            await stream.KeepAliveAsync(keepAlive);
            await timer.WaitForNextTickAsync(ct);
            asked = clock.GetElapsedTime(at);
        }
        while (!ct.IsCancellationRequested);
    }

    private async Task CloseAsync(OpenStream stream, McpClient client)
    {
        try
        {
            await calls.Session<ISessionAttachments>(client.Session).CloseAsync(client.Hash, stream.Id, CancellationToken.None);
        }
        catch (Exception e) when (Passing.Is(e))
        {
            LogUnanswered(client.Session.ToString(), e.Message); // the grain counts a stream whose node asks no more as closed
        }
    }

    private static TimeSpan KeepAliveOf(HttpContext context) =>
        context.Request.Headers[ChannelProtocol.KeepAliveHeader] is [{ } header]
        && int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 60))
            : DefaultKeepAlive;

    [LoggerMessage(LogLevel.Information, "{Session} does not answer its stream for the moment: {Reason}")]
    private partial void LogUnanswered(string session, string reason);
}
