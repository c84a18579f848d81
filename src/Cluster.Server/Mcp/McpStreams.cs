using System.Buffers;
using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cluster.Core.Channel;
using Cluster.Core.Events;
using Cluster.Server.Nodes;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Mcp;

/// <summary>
/// The GET streams. A stream is <i>attached</i> while its epoch is its session's: then it takes a batch from the mailbox, writes it and a
/// ping, and takes the next once that ping is answered. Otherwise it is <i>superseded</i>: open, kept alive, without events, asking again
/// whenever something changes. It <i>ends</i> with its MCP session, its token, its reader or the node.
/// </summary>
internal sealed partial class McpStreams(
    McpSessionStore sessions,
    MailboxStore mailboxes,
    Workplaces places,
    Wakeups wakeups,
    IOptions<ClusterOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider clock,
    ILogger<McpStreams> logger)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CloseAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DefaultKeepAlive = TimeSpan.FromSeconds(15);
    private static readonly byte[] KeepAlive = ": keep-alive\n\n"u8.ToArray();

    // A reader whose stream breaks comes back after this many milliseconds.
    private static readonly byte[] Opening = ": channel cluster\nretry: 1000\n\n"u8.ToArray();

    public async Task ServeAsync(HttpContext context, McpSession session)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var watcher = wakeups.Watch(session.Session.ToString());
        var stream = Guid.NewGuid().ToString("N");
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache, no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            await WriteAsync(context, Opening);
            await PumpAsync(context, session, stream, watcher, stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // the reader has gone, was too slow, or the node stops
        }
        finally
        {
            await CloseAsync(session, stream);
        }
    }

    // While the engine is away the stream stays open and is kept alive: a client that finds its server gone gives up for good before long.
    private async Task PumpAsync(HttpContext context, McpSession session, string stream, Wakeups.Watcher watcher, CancellationToken ct)
    {
        var keepAlive = KeepAliveOf(context);
        var place = new Place(AttachOutcome.Superseded, 0);
        var (opened, woken, batches) = (false, true, 0L);
        var (written, sent, patience) = (clock.GetTimestamp(), clock.GetTimestamp(), TimeSpan.Zero);
        var (pinged, last, again) = (clock.GetTimestamp(), default(BatchId), 0);
        while (true)
        {
            try
            {
                // A wake-up asks the mailbox at once; a poll, or doubt, looks first, since a look is cheaper than a turn.
                if (!opened)
                {
                    place = await AttachAsync(context, session, stream, justOpened: true, ct);
                    (opened, woken) = (true, place.Attached);
                }
                else if (!place.Attached || !woken)
                {
                    var outlook = await mailboxes.LookAsync(session.Session, session.Id, stream, place.Epoch, ct);
                    if (!outlook.Alive)
                    {
                        return;
                    }

                    if (outlook is { Attached: true, Unconfirmed: true } && !await StaysUnconfirmedAsync())
                    {
                        return;
                    }

                    woken = outlook is { Attached: true, Waiting: true, Unconfirmed: false };
                    if (!outlook.Attached)
                    {
                        place = outlook.Replaced
                            ? new Place(AttachOutcome.Superseded, 0)
                            : await AttachAsync(context, session, stream, justOpened: false, ct);
                        woken = place.Attached;
                    }
                }

                if (place.Outcome == AttachOutcome.Gone)
                {
                    return;
                }

                if (place.Attached && woken)
                {
                    var next = await mailboxes.TakeAsync(session.Session, session.Id, new BatchId(place.Epoch, ++batches), ct);
                    if (next is NextBatch.Ready batch)
                    {
                        await WriteAsync(context, Frame(batch));
                        written = sent = pinged = clock.GetTimestamp();
                        last = batch.Id;
                        patience = TimeSpan.FromSeconds(options.Value.Limits.ConfirmSeconds << Math.Min(batch.Deliveries.Max(d => d.Attempts), 6));
                    }
                    else if (next is NextBatch.Unconfirmed && !await StaysUnconfirmedAsync())
                    {
                        return;
                    }
                    else if (next is NextBatch.Stale)
                    {
                        place = new Place(AttachOutcome.Superseded, 0);
                        continue;
                    }
                }
            }
            catch (DbException e)
            {
                // What a take has marked may never have been written: under a new epoch it is sent again.
                place = new Place(AttachOutcome.Superseded, 0);
                LogEngineAway(e, session.Session.ToString());
            }

            if (clock.GetElapsedTime(written) >= keepAlive)
            {
                await WriteAsync(context, KeepAlive);
                written = clock.GetTimestamp();
            }

            var untilKeepAlive = keepAlive - clock.GetElapsedTime(written);
            woken = await watcher.WaitAsync(untilKeepAlive < Poll ? Max(untilKeepAlive, TimeSpan.FromMilliseconds(10)) : Poll, clock, ct);
        }

        // False when the reader had its time; until then it is asked again now and then. The answer to a ping is lost with the node that
        // was taking it, and a client gives it once for each ping.
        async Task<bool> StaysUnconfirmedAsync()
        {
            if (clock.GetElapsedTime(sent) > patience)
            {
                CutOff(context, session);
                return false;
            }

            if (last.Epoch == place.Epoch && clock.GetElapsedTime(pinged) > AskAgain)
            {
                await WriteAsync(context, PingAgain(last, ++again));
                written = pinged = clock.GetTimestamp();
            }

            return true;
        }
    }

    private async Task<Place> AttachAsync(HttpContext context, McpSession session, string stream, bool justOpened, CancellationToken ct)
    {
        var (outcome, epoch) = await sessions.AttachAsync(session.Id, stream, justOpened, ct);
        if (outcome == AttachOutcome.Attached)
        {
            places.Attached(session, context.Request.Headers);
        }

        return new Place(outcome, epoch);
    }

    // One write for a batch and its ping: what the reader has of the ping, it has of all before it.
    private static ReadOnlyMemory<byte> Frame(NextBatch.Ready batch)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        foreach (var delivery in batch.Deliveries)
        {
            Message(buffer, null, json =>
            {
                if (delivery.Kind == EventKind.Verdict)
                {
                    json.WriteString("method", ChannelProtocol.PermissionVerdictNotification);
                    json.WritePropertyName("params");
                    json.WriteRawValue(delivery.Body);
                    return;
                }

                json.WriteString("method", ChannelProtocol.ChannelNotification);
                json.WriteStartObject("params");
                json.WriteString("content", Framing.Content(delivery));
                json.WriteStartObject("meta");
                foreach (var (key, value) in Framing.Meta(delivery))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
                json.WriteEndObject();
            });
        }

        Ping(buffer, batch.Id, batch.Id.ToString());
        return buffer.WrittenMemory;
    }

    private static ReadOnlyMemory<byte> PingAgain(BatchId batch, int time)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        Ping(buffer, batch, batch.Again(time));
        return buffer.WrittenMemory;
    }

    private static void Ping(ArrayBufferWriter<byte> buffer, BatchId batch, string id) =>
        Message(buffer, batch, json =>
        {
            json.WriteString("id", id);
            json.WriteString("method", "ping");
        });

    private static void Message(ArrayBufferWriter<byte> buffer, BatchId? id, Action<Utf8JsonWriter> write)
    {
        buffer.Write(Encoding.ASCII.GetBytes(id is { } known ? $"event: message\nid: {known}\ndata: " : "event: message\ndata: "));
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            write(json);
            json.WriteEndObject();
        }

        buffer.Write("\n\n"u8);
    }

    private async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> bytes)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.Limits.WriteSeconds), clock);
        try
        {
            await context.Response.Body.WriteAsync(bytes, deadline.Token);
            await context.Response.Body.FlushAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            context.Abort();
            throw;
        }
    }

    // What the kernel has taken was never read. A client that lives comes back.
    private void CutOff(HttpContext context, McpSession session)
    {
        LogUnconfirmed(session.Session.ToString());
        context.Abort();
    }

    // Until it is written that this stream is closed, no older client can be promoted: an engine that is away is tried again.
    private async Task CloseAsync(McpSession session, string stream)
    {
        while (true)
        {
            try
            {
                await sessions.CloseStreamAsync(session.Id, stream, CancellationToken.None);
                return;
            }
            catch (Exception e) when (e is DbException or ObjectDisposedException)
            {
                LogEngineAway(e, session.Session.ToString());
            }

            try
            {
                await Task.Delay(CloseAgain, clock, lifetime.ApplicationStopping);
            }
            catch (OperationCanceledException)
            {
                return; // a node's start closes the streams of the one before
            }
        }
    }

    /// <summary>What a stream was last told about itself.</summary>
    private readonly record struct Place(AttachOutcome Outcome, long Epoch)
    {
        public bool Attached => Outcome == AttachOutcome.Attached;
    }

    private TimeSpan AskAgain => TimeSpan.FromSeconds(options.Value.Limits.AskAgainSeconds);

    private static TimeSpan KeepAliveOf(HttpContext context) =>
        context.Request.Headers[ChannelProtocol.KeepAliveHeader] is [{ } header]
        && int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 60))
            : DefaultKeepAlive;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    [LoggerMessage(LogLevel.Information, "A client of {Session} did not confirm what it was sent; its stream ends.")]
    private partial void LogUnconfirmed(string session);

    [LoggerMessage(LogLevel.Warning, "The engine is away; a stream of {Session} waits for it.")]
    private partial void LogEngineAway(Exception e, string session);
}
