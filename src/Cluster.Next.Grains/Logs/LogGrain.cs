using System.Text.Json.Serialization.Metadata;
using Cluster.Core.Logs;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Cluster.Next.Grains.Logs;

/// <summary>
/// A grain that is its log. The life of one activation:
/// <list type="number">
/// <item><b>Asleep</b>: nothing is read until the first command comes.</item>
/// <item><b>Open</b>: snapshot and records are folded into the state. It may answer views; it has written nothing and does nothing outside.</item>
/// <item><b>Claimed</b>: its first records were appended with a claim before them. From here on it sends, pushes and works. Whoever had the grain
/// before collides with the claim at its next append.</item>
/// <item><b>Poisoned</b>: an append failed, so memory is ahead of the log. It refuses everything and ends; the next activation reads what is true.</item>
/// </list>
/// Rules: one append is in flight, never two. What comes meanwhile waits, is decided in one synchronous pass on the state, and is appended together,
/// all or nothing. Every answer, also one without records, is given when everything it was decided on is durable. Nothing that was read before an await
/// is used behind it. No command calls another grain; what it wants to say goes through the outbox.
/// </summary>
[Reentrant]
public abstract partial class LogGrain<TState> : Grain, ILogGrain
    where TState : class, IGrainState, new()
{
    private const int MostWaiting = 5000;

    private static readonly TimeSpan FarOff = TimeSpan.FromHours(1);

    private readonly GrainLogs _logs;
    private readonly RecordKinds _kinds;
    private readonly JsonTypeInfo<TState> _form;
    private readonly Queue<Command> _waiting = new();
    private readonly RecentKeys _keys;
    private readonly List<Effect> _effects = [];

    private Fold<TState>? _fold;
    private AuditChain _audit = null!;
    private DateTimeOffset? _due;
    private LogRecord? _last;
    private Task _pump = Task.CompletedTask;
    private bool _pumping;
    private bool _ahead; // memory holds what the log may not hold yet
    private bool _claimed;
    private Exception? _refuses;

    /// <param name="logs">What the node keeps logs with.</param>
    /// <param name="kinds">The records of this kind of grain.</param>
    /// <param name="form">The form of its state in snapshots; its version is <see cref="SnapshotForm"/>.</param>
    protected LogGrain(GrainLogs logs, RecordKinds kinds, JsonTypeInfo<TState> form)
    {
        _logs = logs;
        _kinds = kinds;
        _form = form;
        Log = new LogId(this.GetGrainId().Type.ToString()!, this.GetPrimaryKeyString());
        Logger = logs.Logger(Log);
        _keys = new RecentKeys(logs.Options.LookUpFor);
        Outbox = new OutboxEffect(this);
        _effects.Add(Outbox);
    }

    protected LogId Log { get; }

    protected ILogger Logger { get; }

    /// <summary>The store's time. Decisions are given it; states have no clock.</summary>
    protected DateTimeOffset Now => _logs.Clock.Now;

    /// <summary>The claim of this activation; 0 while it has none.</summary>
    protected long Claim => _claimed ? _fold!.Claim : 0;

    /// <summary>The position of the last record in memory. Synchronous use only.</summary>
    protected long Position => _fold!.Position;

    /// <summary>Commands that wait for the append in flight.</summary>
    protected int Waiting => _waiting.Count;

    /// <summary>The rows that find grains.</summary>
    protected IIndexStore Index => _logs.Index;

    /// <summary>False from the moment on that memory may be ahead of the log.</summary>
    protected bool IsWhole => _refuses is null;

    /// <summary>The form of snapshots that this release writes; others are ignored.</summary>
    protected virtual int SnapshotForm => 1;

    private OutboxEffect Outbox { get; }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_refuses is null)
        {
            await AcknowledgeAsync();
            await _pump;
            SaveSnapshot(Math.Max(1, _logs.Options.SnapshotEvery / 10));
            await _saving;
        }

        _refuses ??= new TryAgainException($"{Log} is moving.");
        Outbox.Abandon(Again());
        await base.OnDeactivateAsync(reason, cancellationToken);
    }

    public async Task DueAsync(CancellationToken ct)
    {
        await EnqueueAsync(new Command<bool>(() => Due(State, Now)) { Claims = true });

        // The row may have been too early, or say what was done long ago: say when to come again.
        await EnqueueAsync(new Command<bool>(() => _due <= Now && DueChange() is not null ? Decision.Of(new Woken(), true) : true));
    }

    /// <summary>One command: decides on the state and answers when what it decided is durable.</summary>
    protected Task<T> TurnAsync<T>(Func<TState, Decision<T>> decide) => EnqueueAsync(new Command<T>(() => decide(State)));

    /// <summary>Reads the state. The answer waits until what it shows is durable.</summary>
    protected Task<T> ViewAsync<T>(Func<TState, T> view) =>
        _fold is not null && _refuses is null && !_ahead ? Task.FromResult(view(State)) : EnqueueAsync(new Command<T>(() => view(State)));

    /// <summary>What is to be done at this time that nobody asks for.</summary>
    protected virtual Decision<bool> Due(TState state, DateTimeOffset now) => true;

    /// <summary>Reads what another grain says.</summary>
    protected virtual Reception<TState> Receive(Envelope envelope) => throw new InvalidOperationException($"{Log} takes no '{envelope.Kind}'.");

    /// <summary>Called after each append, on the state as it is durable then.</summary>
    protected virtual void Appended(TState state)
    {
    }

    /// <summary>Called for each record as it is taken in, before it is durable: for caches of what is in it, never for effects.</summary>
    protected virtual void Applied(IRecord record, long position)
    {
    }

    /// <summary>The grains for which something waits in the outbox.</summary>
    protected Task<List<LogId>> ReceiversAsync() => ViewAsync(_ => _fold!.Outbox.Receivers.Select(LogId.Parse).ToList());

    /// <summary>What the grain does outside because of its state.</summary>
    protected void Add(Effect effect) => _effects.Add(effect);

    /// <summary>The state. Synchronous use only: after an await it may be another one.</summary>
    protected TState State => _fold!.State;

    private Task<T> EnqueueAsync<T>(Command<T> command)
    {
        if (_refuses is not null)
        {
            return Task.FromException<T>(Again());
        }

        if (_waiting.Count >= MostWaiting)
        {
            return Task.FromException<T>(new TryAgainException($"{Log} has {MostWaiting} commands waiting already."));
        }

        _waiting.Enqueue(command);
        if (!_pumping)
        {
            _pump = PumpAsync();
        }

        return command.Task;
    }

    private async Task PumpAsync()
    {
        _pumping = true;
        try
        {
            if (_fold is null)
            {
                await OpenAsync();
                _keys.Expect(Now);
            }

            while (_refuses is null && _waiting.Count > 0)
            {
                var pass = PassAsync();
                if (!_logs.Overlaps)
                {
                    await pass;
                }
            }
        }
        catch (Exception e)
        {
            // The store is away, or something is broken here: memory is not trusted any more.
            Poison(e);
        }
        finally
        {
            _pumping = false;
        }
    }

    private async Task PassAsync()
    {
        var pass = new Pass(Log, _kinds, _audit, _fold!.Position, _fold.Claim, Now);
        try
        {
            _ahead = true;
            Decide(pass);
            if (pass.Records > 0 && !await AppendAsync(pass))
            {
                return;
            }
        }
        catch (Exception e)
        {
            Poison(e);
            pass.Fail(Again());
            return;
        }

        _ahead = false;
        pass.Answer();
        if (_claimed && _refuses is null)
        {
            Appended(State);
            foreach (var effect in _effects)
            {
                effect.Wake();
            }
        }

        if (_waiting.Count == 0)
        {
            SaveSnapshot(_logs.Options.SnapshotEvery);
        }
    }

    /// <returns>False when the pass is not durable; then its commands have been failed, or wait once more.</returns>
    private async Task<bool> AppendAsync(Pass pass)
    {
        var due = DueChange();
        switch (await _logs.Writer.AppendAsync(pass.ToAppend(due)))
        {
            case LogOutcome.Appended(var at):
                _logs.Clock.Hear(at);
                _claimed = true;
                _due = due is null ? _due : due.At;
                _last = pass.Last;
                foreach (var key in pass.Keys)
                {
                    _keys.Add(new KnownKey(key.Scope, key.Key, key.Position, at));
                }

                Outbox.Told(pass.Told);
                return true;
            case LogOutcome.Known(var scope, var known):
                await BackToDurableAsync(pass, (scope, known));
                return false;
            case LogOutcome.Collided:
                Poison(new TryAgainException($"{Log} is held by another activation now."));
                break;
            case LogOutcome.Refused(var reason):
                Poison(new TryAgainException($"{Log} could not be written: {reason}"));
                pass.Fail(new InvalidOperationException($"{Log} could not be written: {reason}"));
                return false;
            case LogOutcome.Unknown(var reason):
                Poison(new TryAgainException($"Whether {Log} was written is not known: {reason}"));
                break;
        }

        pass.Fail(Again());
        return false;
    }

    /// <summary>Decides everything that waits, as far as it fits one append. Synchronous: nothing else runs on the state meanwhile.</summary>
    private void Decide(Pass pass)
    {
        var fold = _fold!;
        var flush = false;
        while (_waiting.TryPeek(out var command))
        {
            Decided decided;
            try
            {
                decided = command.Decide();
            }
            catch (Exception e)
            {
                _waiting.Dequeue();
                command.Fail(e);
                continue;
            }

            var writes = decided.Records.Count > 0 || decided.Tells.Count > 0 || command.Claims || decided.AnswersSender;
            if (writes && !_claimed && pass.Records == 0 && _logs.Claims(fold.Claim))
            {
                fold.Apply(pass.Claim(_logs.Options.NodeName), pass.Position);
            }

            var encoded = Pass.Encode(decided, pass.Position + (writes ? 1 : 0), Outbox.Number, _kinds, out var records, out var fault);
            if (fault is null && !pass.Fits(decided, encoded) && pass.Commands.Any())
            {
                break;
            }

            _waiting.Dequeue();
            if (fault is not null || !pass.Fits(decided, encoded))
            {
                command.Fail(new InvalidOperationException(fault ?? $"What is asked of {Log} is more than fits one append ({LogAppend.MaxRows} rows, {LogAppend.MaxBytes} bytes)."));
                continue;
            }

            flush |= command.Flushes;
            var position = pass.Position;
            pass.Add(command, decided, encoded);
            foreach (var record in records)
            {
                fold.Apply(record, ++position);
                Applied(record, position);
            }
        }

        if (Outbox.TakeAcknowledged(flush || pass.Records > 0) is { } acknowledged)
        {
            pass.Add(acknowledged);
            fold.Apply(acknowledged, pass.Position);
        }
    }

    /// <summary>A key of the pass is known though it was looked up: the grain goes back to what is durable, the commands with that key fail so that
    /// they look again, and the others are decided once more.</summary>
    private async Task BackToDurableAsync(Pass pass, (string Scope, string Key) known)
    {
        var commands = pass.Commands.Concat(_waiting).ToList();
        _waiting.Clear();
        _keys.Expect(Now);
        await OpenAsync();
        _ahead = false;
        foreach (var command in commands)
        {
            if (command.Keys.Contains(known))
            {
                command.Fail(new KeyKnownException());
            }
            else
            {
                _waiting.Enqueue(command);
            }
        }
    }

    private DueChange? DueChange()
    {
        var wanted = State.NextDue;
        if (!_fold!.Outbox.IsEmpty)
        {
            var outbox = Now + _logs.Options.OutboxDue;
            wanted = wanted is null || wanted > outbox ? outbox : wanted;
        }

        // A row that is too early does no harm: whoever is woken for nothing says when to come again. So one that is far off stays, else each
        // event of a session would write a row when it comes and remove it when it is read.
        return wanted is null
            ? _due is null || _due > Now + FarOff ? null : new DueChange(null)
            : _due is null || wanted < _due || _due <= Now ? new DueChange(wanted) : null;
    }

    /// <summary>Ends this activation: memory and log may differ, or another one has the grain.</summary>
    protected void Poison(Exception reason)
    {
        if (_refuses is not null)
        {
            return;
        }

        _refuses = reason;
        if (reason is TryAgainException or StoreAwayException)
        {
            LogPoisoned(Logger, Log, reason.Message);
        }
        else
        {
            LogBroken(Logger, reason, Log);
        }

        while (_waiting.TryDequeue(out var command))
        {
            command.Fail(Again());
        }

        Outbox.Abandon(Again());
        DeactivateOnIdle();
    }

    private Exception Again() => _refuses as UnreadableLogException ?? (Exception)new TryAgainException(
        _refuses is TryAgainException again ? again.Message
        : _refuses is StoreAwayException away ? $"The store is away: {away.Message}"
        : $"{Log} has met a fault and starts anew.");

    [LoggerMessage(LogLevel.Information, "{Log} ends here and starts anew: {Reason}")]
    private static partial void LogPoisoned(ILogger logger, LogId log, string reason);

    [LoggerMessage(LogLevel.Error, "{Log} has met a fault and starts anew.")]
    private static partial void LogBroken(ILogger logger, Exception fault, LogId log);
}

/// <summary>A key has entered since it was looked up.</summary>
internal sealed class KeyKnownException : Exception;
