using System.Runtime.InteropServices;
using Cluster.Core.Logs;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Grains.Logs;

// What a grain tells others, and what others tell it.
public abstract partial class LogGrain<TState>
{
    private readonly Dictionary<(string, string), Task> _held = [];

    public async Task<Receiving> ReceiveAsync(Envelope envelope, CancellationToken ct)
    {
        var reception = Receive(envelope);
        return await TurnAsync<Receiving>(
            reception.Keys,
            (state, known) => _fold!.Inbox.Judge(envelope.From, envelope.Claim, envelope.Number) switch
            {
                Arrival.Next => reception.Decide(state, known).Select(result => new Receiving { State = ReceivingState.Received, Result = result }),
                Arrival.Repeated => new Receiving { State = ReceivingState.Received, Result = _fold.Inbox.ResultOf(envelope.From, envelope.Number) },
                Arrival.Stale => new Receiving { State = ReceivingState.Stale },
                _ => new Receiving { State = ReceivingState.Early },
            },
            result => result.State == ReceivingState.Received && _fold!.Inbox.Judge(envelope.From, envelope.Claim, envelope.Number) == Arrival.Next
                ? new Receipt(envelope.From, envelope.Claim, envelope.Number, result.Result)
                : null);
    }

    /// <summary>One command that brings keys which enter once. They are held while it is decided, and looked up where repeats are likely.</summary>
    protected Task<T> TurnAsync<T>(IReadOnlyList<(string Scope, string Key)> keys, Func<TState, IReadOnlyList<KnownKey>, Decision<T>> decide) =>
        TurnAsync(keys, decide, receipt: null);

    /// <summary>Tells another grain something now and waits for its answer, for callers that need it.</summary>
    /// <param name="to">The receiver.</param>
    /// <param name="decide">What to tell it.</param>
    /// <param name="patience">How long to wait; the entry stays in the outbox after that.</param>
    /// <returns>The receiver's answer as JSON; empty when it was told nothing.</returns>
    protected async Task<string> TellAsync(LogId to, Func<TState, Decision<bool>> decide, TimeSpan patience) =>
        await (await BeginTellAsync(to, decide)).WaitAsync(patience, _logs.Clock.Local);

    /// <summary>Tells another grain something. Done when that is durable, with what waits for the answer.</summary>
    protected async Task<Task<string>> BeginTellAsync(LogId to, Func<TState, Decision<bool>> decide)
    {
        Task<string>? answer = null;
        await TurnAsync(state =>
        {
            var decision = decide(state);
            if (decision.Tells.Any(telling => telling.To == to))
            {
                answer = Outbox.AnswerTo(to.ToString(), _fold!.Outbox.NextNumber(to.ToString()));
            }

            return decision;
        });

        return answer ?? Task.FromResult("");
    }

    /// <summary>Whether something for this receiver is on its way, or will be.</summary>
    protected bool Owes(LogId to) => Outbox.Owes(to.ToString());

    private async Task<T> TurnAsync<T>(
        IReadOnlyList<(string Scope, string Key)> keys, Func<TState, IReadOnlyList<KnownKey>, Decision<T>> decide, Func<T, Receipt?>? receipt)
    {
        if (keys.Count == 0)
        {
            return await EnqueueAsync(new Command<T>(() => decide(State, [])) { Receipt = receipt });
        }

        while (keys.FirstOrDefault(_held.ContainsKey) is { Item1: not null } taken)
        {
            await _held[taken];
        }

        var free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var key in keys)
        {
            _held.Add(key, free.Task);
        }

        try
        {
            for (var lookUp = _fold is null || _keys.AsksStore(Now); ; lookUp = true)
            {
                var known = lookUp ? await FindKnownAsync(keys) : _keys.Find(keys);
                try
                {
                    return await EnqueueAsync(new Command<T>(() => decide(State, known)) { Keys = keys, Receipt = receipt });
                }
                catch (KeyKnownException)
                {
                    // It has entered meanwhile: look again.
                }
            }
        }
        finally
        {
            foreach (var key in keys)
            {
                _held.Remove(key);
            }

            free.SetResult();
        }
    }

    private async Task<IReadOnlyList<KnownKey>> FindKnownAsync(IReadOnlyList<(string Scope, string Key)> keys)
    {
        if (_keys.Find(keys) is { Count: var found } recent && found == keys.Count)
        {
            return recent;
        }

        try
        {
            return await _logs.Index.FindKnownAsync(Log, keys, CancellationToken.None);
        }
        catch (StoreAwayException e)
        {
            throw new TryAgainException($"The store is away: {e.Message}");
        }
    }

    /// <summary>Records what receivers have acknowledged, when nothing else has taken that along.</summary>
    private async Task AcknowledgeAsync()
    {
        for (var lanes = _claimed ? Outbox.Acknowledged : 0; lanes > 0; lanes -= Pass.MostAcknowledged)
        {
            try
            {
                await EnqueueAsync(new Command<bool>(() => true) { Flushes = true });
            }
            catch (TryAgainException)
            {
                // They are sent again by the next activation, and known there.
                return;
            }
        }
    }

    /// <summary>The outbox at work: one call in flight for each receiver, in the order of the numbers, until it is acknowledged.</summary>
    private sealed class OutboxEffect(LogGrain<TState> grain) : Effect
    {
        private readonly Dictionary<string, Lane> _lanes = [];
        private readonly Dictionary<string, long> _acknowledged = [];
        private readonly Dictionary<(string To, long Number), TaskCompletionSource<string>> _answers = [];
        private IGrainTimer? _timer;

        /// <summary>Receivers that have acknowledged something which is not recorded yet.</summary>
        public int Acknowledged => _acknowledged.Count;

        protected override bool HasWork => grain._fold!.Outbox.Receivers.Any(MaySend);

        /// <summary>What the outbox holds for these is durable now.</summary>
        public void Told(IEnumerable<string> receivers)
        {
            foreach (var to in receivers)
            {
                LaneOf(to).Durable = grain._fold!.Outbox.NextNumber(to) - 1;
            }
        }

        /// <summary>The number of the next entry of a lane, and what of the lane is acknowledged and not recorded yet.</summary>
        public (long Number, long Acknowledged) Number(string to) =>
            (grain._fold!.Outbox.NextNumber(to), _acknowledged.GetValueOrDefault(to));

        public bool Owes(string to) => grain._fold!.Outbox.For(to) is [.., { } last] && last.Number > _acknowledged.GetValueOrDefault(to);

        public Task<string> AnswerTo(string to, long number)
        {
            var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _answers[(to, number)] = answer;
            return answer.Task;
        }

        /// <summary>Nobody waits any more: the entries are sent by the next activation, which does not know who asked.</summary>
        public void Abandon(Exception reason)
        {
            foreach (var answer in _answers.Values)
            {
                answer.TrySetException(reason);
            }

            _answers.Clear();
        }

        /// <summary>The acknowledgements that go with the records of a pass; those of a lane that says so itself are left out.</summary>
        public EntriesAcknowledged? TakeAcknowledged(bool any)
        {
            if (!any || _acknowledged.Count == 0)
            {
                return null;
            }

            // What an entry of the same pass has said already is out of the lane. A receiver's name takes six bytes a character at the most.
            var bytes = Pass.MostAcknowledgedBytes;
            var said = _acknowledged
                .Where(lane => grain._fold!.Outbox.For(lane.Key) is [{ } first, ..] && first.Number <= lane.Value)
                .Take(Pass.MostAcknowledged)
                .TakeWhile(lane => (bytes -= (6 * lane.Key.Length) + 32) > 0)
                .ToDictionary();
            foreach (var lane in _acknowledged.Keys.ToList())
            {
                if (said.ContainsKey(lane) || grain._fold!.Outbox.For(lane) is not [{ } first, ..] || first.Number > _acknowledged[lane])
                {
                    _acknowledged.Remove(lane);
                }
            }

            return said.Count == 0 ? null : new EntriesAcknowledged(said);
        }

        protected override Task WorkAsync()
        {
            foreach (var to in grain._fold!.Outbox.Receivers.ToList())
            {
                if (MaySend(to))
                {
                    LaneOf(to).Sending = SendAsync(to);
                }
            }

            return Task.CompletedTask;
        }

        private bool MaySend(string to) => LaneOf(to).Sending.IsCompleted && Next(to) is not null;

        private Lane LaneOf(string to) => CollectionsMarshal.GetValueRefOrAddDefault(_lanes, to, out _) ??= new Lane();

        // The first that is durable and not acknowledged. Memory may be ahead of the log.
        private OutboxEntry? Next(string to)
        {
            var acknowledged = _acknowledged.GetValueOrDefault(to);
            foreach (var entry in grain._fold!.Outbox.For(to))
            {
                if (entry.Number > acknowledged)
                {
                    return entry.Number <= LaneOf(to).Durable ? entry : null;
                }
            }

            return null;
        }

        private async Task SendAsync(string to)
        {
            var receiver = LaneOf(to).Receiver ??= grain.GrainFactory.GetGrain<ILogGrain>(GrainId.Parse(to));
            var failures = 0;
            while (grain.IsWhole && Next(to) is { } entry)
            {
                Receiving? receiving = null;
                try
                {
                    receiving = await receiver.ReceiveAsync(
                        new Envelope { From = grain.Log.ToString(), Claim = grain.Claim, Number = entry.Number, Kind = entry.Kind, Body = entry.Body.GetRawText() },
                        CancellationToken.None);
                }
                catch (Exception e)
                {
                    LogUnsent(grain.Logger, grain.Log, to, e.Message);
                }

                switch (receiving?.State)
                {
                    case ReceivingState.Received:
                        failures = 0;
                        Acknowledge(to, entry.Number, receiving.Result);
                        break;
                    case ReceivingState.Stale:
                        grain.Poison(new TryAgainException($"{grain.Log} is held by another activation now."));
                        return;
                    default:
                        await Backoff.WaitAsync(++failures, grain._logs.Clock.Local);
                        break;
                }
            }
        }

        private sealed class Lane
        {
            public Task Sending { get; set; } = Task.CompletedTask;

            public ILogGrain? Receiver { get; set; }

            /// <summary>The last entry that the log holds for certain.</summary>
            public long Durable { get; set; }
        }

        private void Acknowledge(string to, long number, string result)
        {
            _acknowledged[to] = number;
            if (_answers.Remove((to, number), out var answer))
            {
                answer.TrySetResult(result);
            }

            _timer ??= grain.RegisterGrainTimer(
                async () =>
                {
                    _timer?.Dispose();
                    _timer = null;
                    await grain.AcknowledgeAsync();
                },
                new GrainTimerCreationOptions(grain._logs.Options.AcknowledgeWithin, Timeout.InfiniteTimeSpan) { Interleave = true });
        }
    }

    [LoggerMessage(LogLevel.Debug, "{Log} could not reach {To} and tries again: {Reason}")]
    private static partial void LogUnsent(ILogger logger, LogId log, string to, string reason);
}
