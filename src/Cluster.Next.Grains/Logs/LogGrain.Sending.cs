using Cluster.Core.Logs;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Grains.Logs;

// What a grain tells others, and what others tell it.
public abstract partial class LogGrain<TState>
{
    private readonly Dictionary<(string, string), Task> _held = [];

    public async Task<Receiving> ReceiveAsync(Envelope envelope, CancellationToken ct) =>
        await TurnAsync<Receiving>(
            KeysOf(envelope),
            (state, known) => _fold!.Inbox.Judge(envelope.From, envelope.Claim, envelope.Number) switch
            {
                Arrival.Next => Receive(state, envelope, known).Select(result => new Receiving { State = ReceivingState.Received, Result = result }),
                Arrival.Repeated => new Receiving { State = ReceivingState.Received, Result = _fold.Inbox.ResultOf(envelope.From, envelope.Number) },
                Arrival.Stale => new Receiving { State = ReceivingState.Stale },
                _ => new Receiving { State = ReceivingState.Early },
            },
            result => result.State == ReceivingState.Received && _fold!.Inbox.Judge(envelope.From, envelope.Claim, envelope.Number) == Arrival.Next
                ? new Receipt(envelope.From, envelope.Claim, envelope.Number, result.Result)
                : null);

    /// <summary>One command that brings keys which enter once. They are looked up and held before it is decided.</summary>
    protected Task<T> TurnAsync<T>(IReadOnlyList<(string Scope, string Key)> keys, Func<TState, IReadOnlyList<KnownKey>, Decision<T>> decide) =>
        TurnAsync(keys, decide, receipt: null);

    /// <summary>Tells another grain something now and waits for its answer, for callers that need it.</summary>
    /// <param name="to">The receiver.</param>
    /// <param name="decide">What to tell it.</param>
    /// <param name="patience">How long to wait; the entry stays in the outbox after that.</param>
    /// <returns>The receiver's answer as JSON.</returns>
    protected async Task<string> TellAsync(LogId to, Func<TState, Decision<bool>> decide, TimeSpan patience)
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

        return answer is null ? "" : await answer.WaitAsync(patience, _logs.Clock.Local);
    }

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
            while (true)
            {
                var known = await FindKnownAsync(keys);
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
        private readonly Dictionary<string, Task> _lanes = [];
        private readonly Dictionary<string, long> _acknowledged = [];
        private readonly Dictionary<(string To, long Number), TaskCompletionSource<string>> _answers = [];
        private IGrainTimer? _timer;

        /// <summary>Receivers that have acknowledged something which is not recorded yet.</summary>
        public int Acknowledged => _acknowledged.Count;

        protected override bool HasWork => grain._fold!.Outbox.Receivers.Any(to => Next(to) is not null && Idle(to));

        /// <summary>The number of the next entry of a lane, and what of the lane is acknowledged and not recorded yet.</summary>
        public (long Number, long Acknowledged) Number(string to) =>
            (grain._fold!.Outbox.NextNumber(to), _acknowledged.GetValueOrDefault(to));

        public Task<string> AnswerTo(string to, long number)
        {
            var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _answers[(to, number)] = answer;
            return answer.Task;
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
                if (Next(to) is not null && Idle(to))
                {
                    _lanes[to] = SendAsync(to);
                }
            }

            return Task.CompletedTask;
        }

        private bool Idle(string to) => !_lanes.TryGetValue(to, out var lane) || lane.IsCompleted;

        private OutboxEntry? Next(string to)
        {
            var acknowledged = _acknowledged.GetValueOrDefault(to);
            foreach (var entry in grain._fold!.Outbox.For(to))
            {
                if (entry.Number > acknowledged)
                {
                    return entry;
                }
            }

            return null;
        }

        private async Task SendAsync(string to)
        {
            var receiver = grain.GrainFactory.GetGrain<ILogGrain>(GrainId.Parse(to));
            var failures = 0;
            while (grain.IsWhole)
            {
                Receiving? receiving = null;
                OutboxEntry? entry;
                try
                {
                    // Not from memory alone, which may be ahead of the log: the answer comes when the entry is durable.
                    entry = await grain.ViewAsync(_ => Next(to));
                    if (entry is null)
                    {
                        return;
                    }
                }
                catch (Exception)
                {
                    return; // this activation has ended; the next one goes on
                }

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
