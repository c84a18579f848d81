using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Cluster.Core.Channel;

namespace Cluster.Cli.Connect;

/// <summary>
/// Carries the client's messages to the node. Requests and notifications go in their order, each only when the one before it has
/// arrived; its answer may come later. Answers to the node's pings, and cancellations, have a lane of their own, so that no stuck call holds them up. What fails
/// is sent again with the same id, which the node takes for the same call.
/// </summary>
internal sealed class Uplink(NodeLink link, MessageWriter client, Downlink downlink, Notes notes, TimeProvider clock)
{
    /// <summary>How long a call is tried before Claude is told that the node is away.</summary>
    public static readonly TimeSpan CallLifetime = TimeSpan.FromMinutes(2);

    // As long as a permission request is open: nothing that a notification says matters longer.
    private static readonly TimeSpan NotificationLifetime = TimeSpan.FromMinutes(10);

    private const long MaxWaitingBytes = 64 * 1024 * 1024;

    private readonly Channel<Outgoing> _inOrder = Channel.CreateUnbounded<Outgoing>(new() { SingleReader = true });
    private readonly Channel<Outgoing> _prompt = Channel.CreateUnbounded<Outgoing>(new() { SingleReader = true });
    private readonly ConcurrentDictionary<string, Outgoing> _calls = new();
    private long _waitingBytes;

    /// <summary>Carries messages until <see cref="Complete"/> was called and all are gone, or the token ends it.</summary>
    public Task RunAsync(CancellationToken ct) => Task.WhenAll(PumpAsync(_inOrder.Reader, ct), PumpAsync(_prompt.Reader, ct));

    public void Complete()
    {
        _inOrder.Writer.TryComplete();
        _prompt.Writer.TryComplete();
    }

    /// <summary>Takes a request or a notification.</summary>
    public async Task SendAsync(JsonRpcLine line, CancellationToken ct)
    {
        var item = new Outgoing(line, clock.GetTimestamp());
        if (item.IsRequest && !_calls.TryAdd(line.IdKey, item))
        {
            throw new JsonRpcException(ChannelProtocol.InvalidRequest, "A request with this id is still waiting.", line.Id);
        }

        if (!Enqueue(_inOrder, item))
        {
            await GiveUpAsync(item, "too much waits for the node already", ct);
        }
    }

    /// <summary>Takes the client's answer to something that the node asked in this MCP session.</summary>
    public void Respond(JsonRpcLine line, McpSession session) => Enqueue(_prompt, new Outgoing(line, clock.GetTimestamp(), session));

    /// <summary>Drops a call that the client no longer wants, and tells the node if it may know of it.</summary>
    public void Cancel(JsonRpcLine line)
    {
        if (line.Params is not { ValueKind: JsonValueKind.Object } named
            || JsonRpcLine.ReadId(named, "requestId") is not { Raw: not null, Key: var key }
            || !_calls.TryGetValue(key, out var call)
            || !call.Withdraw())
        {
            return;
        }

        _calls.TryRemove(key, out _);
        if (call.MayBeDone && link.Current is { } session)
        {
            Enqueue(_prompt, new Outgoing(line, clock.GetTimestamp(), session));
        }
    }

    private bool Enqueue(Channel<Outgoing> lane, Outgoing item)
    {
        var length = item.Line.Bytes.Length;
        if (Interlocked.Add(ref _waitingBytes, length) <= MaxWaitingBytes && lane.Writer.TryWrite(item))
        {
            return true;
        }

        Interlocked.Add(ref _waitingBytes, -length);
        return false;
    }

    private async Task PumpAsync(ChannelReader<Outgoing> lane, CancellationToken ct)
    {
        var underWay = new List<Task>();
        try
        {
            await foreach (var item in lane.ReadAllAsync(ct))
            {
                // What has arrived holds up nothing, though its answer may take a while.
                var sending = SendAsync(item, ct);
                await Task.WhenAny(sending, item.Arrived);
                underWay.RemoveAll(task => task.IsCompleted);
                underWay.Add(sending);
            }
        }
        finally
        {
            await Task.WhenAll(underWay);
        }
    }

    private async Task SendAsync(Outgoing item, CancellationToken ct)
    {
        try
        {
            await DeliverAsync(item, ct);
        }
        catch (OperationCanceledException)
        {
            // Withdrawn by the client, or the connector stops.
        }
        catch (Exception e)
        {
            notes.Say($"a message was given up after an unexpected {e.GetType().Name}");
            await GiveUpAsync(item, "the connector failed unexpectedly", CancellationToken.None);
        }

        Interlocked.Add(ref _waitingBytes, -item.Line.Bytes.Length);
        item.Dispose();
    }

    private async Task DeliverAsync(Outgoing item, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, item.Withdrawn);
        var backoff = new Backoff();
        var forgotten = false;
        while (!item.IsFinished)
        {
            switch (await TryAsync(item, either.Token))
            {
                case LinkOutcome.Answered(var answer):
                    await AnswerAsync(item, answer, ct);
                    return;

                case LinkOutcome.Refused(var why):
                    // What keeps the whole link away is the downlink's to tell.
                    if (link.Current is not null)
                    {
                        notes.Say(why);
                    }

                    await GiveUpAsync(item, why, ct);
                    return;

                case LinkOutcome.Forgotten when item is { OnlyIn: null, IsRequest: true, MayBeDone: true }:
                    // A new MCP session would not know that it was done in the old one.
                    await GiveUpAsync(item, "the node has forgotten this connection", ct);
                    return;

                case LinkOutcome.Forgotten when item.OnlyIn is null && !forgotten:
                    forgotten = true;
                    break;

                case LinkOutcome.Forgotten when item.OnlyIn is null:
                    await RestAsync(item, "the node keeps forgetting this connection", backoff.Next(), either.Token);
                    break;

                case LinkOutcome.Away(var why, _, var retryAfter):
                    await RestAsync(item, why, retryAfter ?? backoff.Next(), either.Token);
                    break;

                default:
                    item.Finish();
                    return;
            }
        }
    }

    private async Task<LinkOutcome> TryAsync(Outgoing item, CancellationToken ct)
    {
        var session = item.OnlyIn;
        if (session is null)
        {
            var opened = await link.OpenAsync(ct);
            if (opened is not LinkOutcome.Open(var open))
            {
                return opened;
            }

            session = open;
        }
        else if (session != link.Current)
        {
            return new LinkOutcome.Forgotten();
        }

        var before = item.MayBeDone;
        item.MayBeDone = true;
        var outcome = await link.SendAsync(session, item.Line, item.Arrive, (message, token) => downlink.HandAsync(session, message, token), ct);
        item.MayBeDone = before || outcome is not (LinkOutcome.Away { MayBeDone: false } or LinkOutcome.Refused or LinkOutcome.Forgotten);
        return outcome;
    }

    // Waits before the next try; meanwhile calls whose time is over get their answer, also those that wait behind this one.
    private async Task RestAsync(Outgoing item, string why, TimeSpan wait, CancellationToken ct)
    {
        foreach (var call in _calls.Values.Where(call => Left(call) <= TimeSpan.Zero))
        {
            await GiveUpAsync(call, $"{why}, for {CallLifetime.TotalMinutes:0} minutes now", ct);
        }

        var left = Left(item);
        if (left <= TimeSpan.Zero)
        {
            await GiveUpAsync(item, why, ct);
            return;
        }

        await Task.Delay(wait < left ? wait : left, clock, ct);
    }

    private TimeSpan Left(Outgoing item) =>
        (item.IsRequest ? CallLifetime : NotificationLifetime) - clock.GetElapsedTime(item.AcceptedAt);

    private Task GiveUpAsync(Outgoing item, string why, CancellationToken ct) =>
        item.IsRequest ? AnswerAsync(item, item.Failure(why), ct) : Task.FromResult(item.Finish());

    private async Task AnswerAsync(Outgoing item, ReadOnlyMemory<byte> answer, CancellationToken ct)
    {
        if (item.Finish())
        {
            _calls.TryRemove(item.Line.IdKey, out _);
            await client.WriteAsync(item.Line.Method == "tools/call" ? link.Name.AddTo(answer) : answer, ct);
        }
    }
}
