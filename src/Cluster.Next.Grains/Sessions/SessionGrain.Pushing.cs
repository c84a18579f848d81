using Cluster.Core.Events;
using Cluster.Core.Grains.Sessions;
using Cluster.Next.Grains.Logs;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Grains.Sessions;

// What goes out to the client that is attached.
internal sealed partial class SessionGrain
{
    private const int ReadAhead = 100; // records

    /// <summary>A client answers a ping in milliseconds; one that works hard or sleeps is given this.</summary>
    private static readonly TimeSpan ConfirmWithin = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PushWithin = TimeSpan.FromSeconds(5);

    private readonly FreshEvents _fresh = new();

    /// <summary>Pushes the batch that is out, once, and decides the next one when none is. One push is in flight.</summary>
    private sealed class PushEffect(SessionGrain grain) : Effect
    {
        private BatchId? _pushed;
        private DateTimeOffset _pushedAt;

        /// <summary>True when what was pushed has not been confirmed for so long that its client is counted as deaf.</summary>
        public bool IsOverdue(DateTimeOffset now) => _pushed is not null && grain.State.Mailbox.Out == _pushed && now - _pushedAt > ConfirmWithin;

        // A new activation waits until the stream's node has asked: only then it knows where to push.
        protected override bool HasWork =>
            grain.State.Attachments.AttachedStream is { } stream
            && grain._streams.TryGetValue(stream, out var known) && known.Node is not null
            && (grain.State.Mailbox.Out is { } batch ? batch != _pushed : grain.State.Mailbox.Waiting.Count > 0);

        protected override async Task WorkAsync()
        {
            try
            {
                if (await grain.ViewAsync(Next) is { } next)
                {
                    await PushAsync(next);
                }
                else if (!await grain.TurnAsync(state => state.Send(grain._id, grain.Claim, grain.Now)))
                {
                    return;
                }
            }
            catch (TryAgainException)
            {
                // this activation has ended; the next one goes on
            }
        }

        // A batch that this activation has recorded itself; one of an older claim is recorded again first.
        private Outgoing? Next(SessionState state) =>
            state.Mailbox.Out is { } batch && batch != _pushed && state.Mailbox.OutSince > grain.Claim && state.Attachments.AttachedStream is { } stream
                ? new Outgoing(batch, state.Attachments.Attached!, stream, [.. state.Mailbox.Sent.Select(item => (item.Id, item.Attempts > 1))])
                : null;

        private async Task PushAsync(Outgoing next)
        {
            (_pushed, _pushedAt) = (next.Batch, grain.Now);
            var outcome = PushOutcome.Gone;
            if (grain._streams.TryGetValue(next.Stream, out var known) && known.Node is { } node)
            {
                var push = new Push
                {
                    Session = grain._id.ToString(),
                    Stream = next.Stream,
                    Claim = grain.Claim,
                    Epoch = next.Batch.Epoch,
                    Batch = next.Batch.Batch,
                    Events = await grain.ReadAsync(next.Events),
                };
                try
                {
                    outcome = await node.PushAsync(push).WaitAsync(PushWithin, grain._logs.Clock.Local);
                }
                catch (Exception e)
                {
                    LogUnpushed(grain.Logger, grain._id.ToString(), e.Message);
                }
            }

            if (outcome == PushOutcome.Stale)
            {
                grain.Poison(new TryAgainException($"{grain.Log} is held by another activation now."));
            }
            else if (outcome == PushOutcome.Gone)
            {
                await grain.CloseAsync(next.Client, next.Stream, CancellationToken.None);
            }
        }

        private sealed record Outgoing(BatchId Batch, string Client, string Stream, IReadOnlyList<(long Id, bool Redelivery)> Events);
    }

    protected override void Applied(Cluster.Core.Logs.IRecord record, long position)
    {
        if (record is EventAccepted accepted && State.Attachments.Attached is not null)
        {
            _fresh.Add(position, accepted);
        }
    }

    private async Task<IReadOnlyList<PushedEvent>> ReadAsync(IReadOnlyList<(long Id, bool Redelivery)> events)
    {
        var read = new List<PushedEvent>(events.Count);
        foreach (var (id, redelivery) in events)
        {
            if (!_fresh.TryTake(id, out var accepted))
            {
                foreach (var record in await _logs.Store.ReadAsync(Log, id - 1, ReadAhead, CancellationToken.None))
                {
                    if (SessionRecords.Kinds.Decode(record) is not EventAccepted found)
                    {
                        continue;
                    }

                    if (record.Position == id)
                    {
                        accepted = found;
                    }
                    else
                    {
                        _fresh.Add(record.Position, found);
                    }
                }
            }

            if (accepted is null)
            {
                throw new InvalidOperationException($"Event {id} of {_id} is not in its log.");
            }

            read.Add(new PushedEvent
            {
                Id = id,
                Kind = accepted.Kind,
                Sender = accepted.Sender.Identity,
                ChatId = accepted.ChatId,
                Trust = accepted.Trust,
                Body = accepted.Body,
                At = accepted.At,
                Redelivery = redelivery,
            });
        }

        return read;
    }

    [LoggerMessage(LogLevel.Information, "{Session} could not push to its stream, which is closed: {Reason}")]
    private static partial void LogUnpushed(ILogger logger, string session, string reason);
}
