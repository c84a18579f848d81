using Cluster.Chat;
using Cluster.Chat.Telegram;
using Cluster.Simulator.Telegram;
using Cluster.Tests.Cli;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Chat.Telegram;

/// <summary>A bot and the Telegram it talks with. The bot's time stands still until it is moved; Telegram's goes on.</summary>
internal sealed class TelegramRig : IAsyncDisposable
{
    public const long Ada = 184;
    public const long Bob = 185;
    public const long Group = -1007;

    public static readonly ChatPlace WithAda = new() { Chat = "184", Private = true };
    public static readonly ChatPlace WithBob = new() { Chat = "185", Private = true };
    public static readonly ChatPlace InGroup = new() { Chat = "-1007", Private = false };

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }); // as the node's
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private Task _receiving = Task.CompletedTask;

    private TelegramRig(TelegramSimulator telegram)
    {
        Telegram = telegram;
        Bot = new TelegramBot(TelegramSimulator.Token, telegram.Url, _http, Clock);
    }

    public TelegramSimulator Telegram { get; }

    public FakeTimeProvider Clock { get; } = new();

    public TelegramBot Bot { get; }

    public Inbox Inbox { get; } = new();

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<TelegramRig> StartAsync()
    {
        var telegram = new TelegramSimulator();
        await telegram.StartAsync();
        return new TelegramRig(telegram);
    }

    public static ChatPost Post(ChatPlace place, string text) => new() { Place = place, Part = new(text, text), Once = "1" };

    public static Task<T> Soon<T>(Task<T> task) => task.WaitAsync(FakeNode.Patience, Ct);

    public static Task Soon(Task task) => task.WaitAsync(FakeNode.Patience, Ct);

    public Task Receive() => _receiving = Bot.ReceiveAsync(Inbox, _stop.Token);

    /// <summary>The next message that people sent, moving time on until it comes.</summary>
    public async Task<ChatUpdate.Message> HeardLaterAsync()
    {
        var heard = Inbox.NextAsync();
        await Clocks.AdvanceUntilAsync(Clock, heard);
        return Assert.IsType<ChatUpdate.Message>(await heard);
    }

    /// <summary>The next update of a kind that people sent, without moving time.</summary>
    public async Task<T> HeardAsync<T>()
        where T : ChatUpdate => Assert.IsType<T>(await Soon(Inbox.NextAsync()));

    /// <summary>Another program, or the same by hand.</summary>
    public async Task<string> CallAsync(string method, string json)
    {
        using var content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri($"{Telegram.Url}bot{TelegramSimulator.Token}/{method}"), content, Ct);
        return await response.Content.ReadAsStringAsync(Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Soon(_receiving.ContinueWith(static _ => { }, TaskScheduler.Default));
        _http.Dispose();
        await Telegram.DisposeAsync();
        _stop.Dispose();
    }
}

/// <summary>Keeps what it takes, and fails when it is told to.</summary>
internal sealed class Inbox : IChatInbox
{
    private readonly System.Threading.Channels.Channel<ChatUpdate> _taken = System.Threading.Channels.Channel.CreateUnbounded<ChatUpdate>();
    private int _heard;

    /// <summary>Called before anything is taken.</summary>
    public Func<IReadOnlyList<ChatUpdate>, Task> BeforeTake { get; set; } = _ => Task.CompletedTask;

    public int TimesHeard => _heard;

    public Task<ChatUpdate> NextAsync() => _taken.Reader.ReadAsync(TelegramRig.Ct).AsTask();

    public async Task<IReadOnlySet<string>> TakeAsync(IReadOnlyList<ChatUpdate> updates, CancellationToken ct)
    {
        await BeforeTake(updates);
        foreach (var update in updates)
        {
            _taken.Writer.TryWrite(update);
        }

        return updates.Select(update => update.Key).ToHashSet();
    }

    public void Heard() => Interlocked.Increment(ref _heard);

    public void GaveUp(string chat) => Assert.Fail("Telegram tells everything.");

    /// <summary>What is kept for whoever receives next.</summary>
    public string? Where { get; set; }

    public Task<string?> RecallAsync(CancellationToken ct) => Task.FromResult(Where);

    public Task RememberAsync(string where, CancellationToken ct)
    {
        Where = where;
        return Task.CompletedTask;
    }
}
