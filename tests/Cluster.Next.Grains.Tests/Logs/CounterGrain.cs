using System.Text.Json;
using System.Text.Json.Serialization;
using Cluster.Core.Logs;
using Cluster.Next.Grains.Logs;

namespace Cluster.Next.Grains.Tests.Logs;

/// <summary>The smallest grain with a log: it counts, refuses to count past a limit, and tells others to count.</summary>
public interface ICounter : IGrainWithStringKey
{
    Task<long> AddAsync(int by);

    /// <returns>False, with nothing recorded, when the sum would pass this.</returns>
    Task<bool> AddUpToAsync(int by, int limit);

    /// <returns>The position at which the key entered, and whether it was known.</returns>
    Task<(long Position, bool Known)> AddOnceAsync(string key, int by);

    Task<long> SumAsync();

    Task<string> TellAsync(string other, int by);

    Task TellLaterAsync(string other, int by);

    Task<long> NoteAsync(string text);

    /// <summary>What it has done outside because of its log, in order.</summary>
    Task<IReadOnlyList<string>> EffectsAsync();

    /// <summary>How many commands wait for the append in flight.</summary>
    Task<int> WaitingAsync();

    Task EndAsync();
}

internal static class CounterExtensions
{
    /// <summary>Ends when so many commands wait; calls that are not awaited may overtake each other.</summary>
    public static async Task WaitingAsync(this ICounter counter, int count)
    {
        while (await counter.WaitingAsync() < count)
        {
            await Task.Yield();
        }
    }
}

public sealed record Added(int By, string? Text = null, Receipt? Receipt = null) : ICarriesReceipt
{
    public IRecord With(Receipt receipt) => this with { Receipt = receipt };
}

public sealed class CounterState : IGrainState
{
    public long Sum { get; set; }

    public List<int> Order { get; init; } = [];

    [JsonIgnore]
    public DateTimeOffset? NextDue => null;

    public void Apply(IRecord record, long position)
    {
        var added = (Added)record;
        Sum += added.By;
        Order.Add(added.By);
    }
}

[JsonSerializable(typeof(Added))]
[JsonSerializable(typeof(CounterState))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
internal sealed partial class CounterJson : JsonSerializerContext;

[GrainType("counter")]
internal sealed class CounterGrain : LogGrain<CounterState>, ICounter
{
    private readonly CountEffect _effect;

    public CounterGrain(GrainLogs logs)
        : base(logs, Kinds, CounterJson.Default.CounterState)
    {
        _effect = new CountEffect(this);
        Add(_effect);
    }

    public static readonly RecordKinds Kinds = new RecordKinds().Add("added", CounterJson.Default.Added);

    public static LogId LogOf(string key) => new("counter", key);

    public Task<long> AddAsync(int by) => TurnAsync(state => Decision.Of(new Added(by), state.Sum + by));

    public Task<bool> AddUpToAsync(int by, int limit) =>
        TurnAsync(state => state.Sum + by > limit ? false : Decision.Of(new Added(by), true));

    public Task<(long Position, bool Known)> AddOnceAsync(string key, int by) => TurnAsync<(long, bool)>(
        [("test", key)],
        (_, known) => known is [{ } first] ? (first.Position, true) : Decision.Of(new Added(by), position => (position, false)).With(keys: [("test", key)]));

    public Task<long> SumAsync() => ViewAsync(state => state.Sum);

    public Task<string> TellAsync(string other, int by) => TellAsync(LogOf(other), _ => Tell(other, by), TimeSpan.FromSeconds(30));

    public Task TellLaterAsync(string other, int by) => TurnAsync(_ => Tell(other, by));

    public Task<long> NoteAsync(string text) => TurnAsync(state => Decision.Of(new Added(0, text), state.Sum));

    public Task<IReadOnlyList<string>> EffectsAsync() => Task.FromResult<IReadOnlyList<string>>([.. _effect.Done]);

    public Task<int> WaitingAsync() => Task.FromResult(Waiting);

    public Task EndAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    protected override Reception<CounterState> Receive(Envelope envelope)
    {
        var by = JsonSerializer.Deserialize(envelope.Body, CounterJson.Default.Int32);
        return new((state, _) => by == 0 ? "refused" : Decision.Of(new Added(by), position => $"{state.Sum}@{position}"));
    }

    private static Decision<bool> Tell(string other, int by) => Decision.Of<bool>([], true).With(
        tells: [new Telling(LogOf(other), "add", JsonSerializer.SerializeToElement(by, CounterJson.Default.Int32))]);

    private sealed class CountEffect(CounterGrain grain) : Effect
    {
        public List<string> Done { get; } = [];

        protected override bool HasWork => true;

        protected override Task WorkAsync()
        {
            Done.Add($"{grain.Claim}:{grain.State.Sum}");
            return Task.CompletedTask;
        }
    }
}
