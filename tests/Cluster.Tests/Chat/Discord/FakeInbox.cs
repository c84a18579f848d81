using System.Threading.Channels;
using Cluster.Chat;

namespace Cluster.Tests.Chat.Discord;

/// <summary>An inbox that a test looks into, holds shut and breaks.</summary>
internal sealed class FakeInbox : IChatInbox
{
    /// <summary>What has not come after so long never will: the test fails by name instead of hanging.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Channel<ChatUpdate> _taken = System.Threading.Channels.Channel.CreateUnbounded<ChatUpdate>();
    private readonly Channel<bool> _heard = System.Threading.Channels.Channel.CreateUnbounded<bool>();
    private readonly Channel<bool> _asked = System.Threading.Channels.Channel.CreateUnbounded<bool>();
    private readonly Channel<string> _kept = System.Threading.Channels.Channel.CreateUnbounded<string>();
    private volatile TaskCompletionSource? _shut;

    public string? Where { get; set; }

    /// <summary>Breaks the next commit.</summary>
    public Exception? Fault { get; set; }

    public async Task<ChatUpdate> NextAsync() => await _taken.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public async Task<ChatUpdate.Message> NextMessageAsync() => Assert.IsType<ChatUpdate.Message>(await NextAsync());

    public async Task<IReadOnlyList<ChatUpdate>> NextAsync(int count)
    {
        var updates = new List<ChatUpdate>();
        while (updates.Count < count)
        {
            updates.Add(await NextAsync());
        }

        return updates;
    }

    public bool IsEmpty => _taken.Reader.Count == 0;

    public Task HeardAsync() => _heard.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Somebody has come with updates, whether or not they were committed.</summary>
    public Task AskedAsync() => _asked.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public async Task<string> KeptAsync() => await _kept.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public void Shut() => _shut = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open() => _shut!.SetResult();

    /// <summary>Who is not known.</summary>
    public HashSet<string> Strangers { get; } = [];

    public async Task<IReadOnlySet<string>> TakeAsync(IReadOnlyList<ChatUpdate> updates, CancellationToken ct)
    {
        _asked.Writer.TryWrite(true);
        if (_shut is { } shut)
        {
            await shut.Task.WaitAsync(ct);
        }

        if (Fault is { } fault)
        {
            Fault = null;
            throw fault;
        }

        foreach (var update in updates)
        {
            _taken.Writer.TryWrite(update);
        }

        return updates.Where(update => !Strangers.Contains(update.Sender.Name)).Select(update => update.Key).ToHashSet();
    }

    public void Heard() => _heard.Writer.TryWrite(true);

    public List<string> GaveUpOn { get; } = [];

    public void GaveUp(string chat) => GaveUpOn.Add(chat);

    public Task<string?> RecallAsync(CancellationToken ct) => Task.FromResult(Where);

    public Task RememberAsync(string where, CancellationToken ct)
    {
        Where = where;
        _kept.Writer.TryWrite(where);
        return Task.CompletedTask;
    }
}
