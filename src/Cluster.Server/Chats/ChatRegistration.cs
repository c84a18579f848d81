using Cluster.Chat;
using Cluster.Chat.Discord;
using Cluster.Chat.Telegram;
using Cluster.Server.Housekeeping;
using Cluster.Server.Simulation;
using Cluster.Storage.Chats;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Cluster.Server.Chats;

internal static class ChatRegistration
{
    public static IServiceCollection AddChats(this IServiceCollection services) => services
        .AddSingleton<BotStore>()
        .AddSingleton<PairingStore>()
        .AddSingleton<PairingWindows>()
        .AddSingleton<ChatStore>()
        .AddSingleton<OutboxStore>()
        .AddSingleton<ShownStates>()
        .AddSingleton<ChatActs>()
        .AddSingleton<CallOutcomes>()
        .AddSingleton<UploadStore>()
        .AddSingleton<AttachmentFetcher>()
        .AddSingleton<ChatCommands>()
        .AddSingleton<ChatRouting>()
        .AddSingleton<SimulatedBots>()
        .AddSingleton<BotTools>()
        .AddSingleton<BotWebhooks>()
        .AddHostedService<BotRunner>()
        .AddSingleton(new Chore(PairingStore.SweepAsync))
        .AddSingleton(new Chore(PairingWindows.SweepAsync))
        .AddSingleton(new Chore(OutboxStore.SweepAsync))
        .AddSingleton(new Chore(UploadStore.SweepAsync))
        .AddPlatform("telegram", "https://api.telegram.org", (token, url, http, clock) => new TelegramBot(token, url, http, clock))
        .AddPlatform("discord", "https://discord.com/api/v10/", (token, url, http, clock) => new DiscordBot(token, url, http, clock));

    private static IServiceCollection AddPlatform(
        this IServiceCollection services, string name, string url, Func<string, Uri, HttpClient, TimeProvider, IChatBot> create)
    {
        services.TryAddSingleton<ChatPlatforms>();

        // Addresses may hold tokens, so nobody logs them; an answer that leads elsewhere is none.
        services.AddHttpClient(name)
            .RemoveAllLoggers()
            .ConfigureHttpClient(http => http.Timeout = Timeout.InfiniteTimeSpan) // each call has its own
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                ActivityHeadersPropagator = null,
                AllowAutoRedirect = false,
                ConnectTimeout = TimeSpan.FromSeconds(10),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                UseCookies = false,
            });
        return services.AddSingleton(provider => new ChatPlatform(
            name,
            new Uri(url),
            (token, at) => create(
                token, at, provider.GetRequiredService<IHttpClientFactory>().CreateClient(name), provider.GetRequiredService<TimeProvider>())));
    }
}
