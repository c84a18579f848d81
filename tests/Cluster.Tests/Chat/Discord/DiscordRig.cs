using System.Threading.Channels;
using Cluster.Chat;
using Cluster.Chat.Discord;
using Cluster.Simulator.Discord;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Chat.Discord;

/// <summary>A bot, its inbox, and a Discord for it.</summary>
internal sealed class DiscordRig : IAsyncDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }); // as the node's
    private readonly FakeTimeProvider? _clock;
    private CancellationTokenSource _stop = new();

    private DiscordRig(FakeTimeProvider? clock)
    {
        _clock = clock;
        Discord = new(clock);
    }

    public DiscordSimulator Discord { get; }

    public FakeInbox Inbox { get; } = new();

    public DiscordBot Bot { get; private set; } = null!;

    public Task Receiving { get; private set; } = Task.CompletedTask;

    /// <param name="clock">For bot and Discord; the machine's when there is none.</param>
    public static async Task<DiscordRig> StartAsync(FakeTimeProvider? clock = null)
    {
        var rig = new DiscordRig(clock);
        await rig.Discord.StartAsync();
        rig.Bot = rig.NewBot(rig.Discord.Token);
        return rig;
    }

    /// <summary>One that receives, too.</summary>
    public static async Task<DiscordRig> ConnectedAsync(FakeTimeProvider? clock = null)
    {
        var rig = await StartAsync(clock);
        rig.Receive();
        await rig.VisitAsync();
        return rig;
    }

    public DiscordBot NewBot(string token) => new(token, Discord.Api, _http, _clock ?? TimeProvider.System);

    public void Receive() => Receiving = Bot.ReceiveAsync(Inbox, _stop.Token);

    /// <summary>As when a node stops.</summary>
    public async Task StopReceivingAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiving.WaitAsync(FakeInbox.Patience));
        _stop.Dispose();
        _stop = new();
    }

    /// <summary>Who comes to the gateway next; moves time on when it is a fake one.</summary>
    public Task<GatewayVisit> VisitAsync() => InTimeAsync(Discord.Gateway.Visits);

    public async Task<T> InTimeAsync<T>(ChannelReader<T> reader)
    {
        var next = reader.ReadAsync().AsTask();
        await AdvanceUntilAsync(next, TimeSpan.FromSeconds(0.25));
        return await next;
    }

    /// <summary>Moves a fake time on, step by step; the pauses let real sockets do what each step set off.</summary>
    public async Task AdvanceUntilAsync(Task done, TimeSpan step)
    {
        var late = Task.Delay(FakeInbox.Patience);
        while (!done.IsCompleted)
        {
            Assert.False(late.IsCompleted, "What time was moved on for has not come.");
            _clock?.Advance(step);
            await Task.WhenAny(done, Task.Delay(10));
        }
    }

    public static ChatPost Post(DiscordChannel channel, string text) => new()
    {
        Place = PlaceOf(channel),
        Part = new(text, text),
        Once = Guid.NewGuid().ToString(),
    };

    public static ChatPlace PlaceOf(DiscordChannel channel) => new() { Chat = channel.Id, Private = channel.Guild is null };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Bot.DisposeAsync();
        await Discord.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
    }
}
