namespace Cluster.Server.Mcp;

internal static class McpRegistration
{
    public static IServiceCollection AddMcp(this IServiceCollection services) =>
        services
            .AddSingleton<McpRequests>()
            .AddSingleton<McpStreams>()
            .AddSingleton<PayloadParts>()
            .AddSingleton<ChannelToolCalls>()
            .AddSingleton<ChatToolCalls>()
            .AddSingleton<AttachmentCalls>()
            .AddSingleton<SentWait>()
            .AddSingleton<Workplaces>()
            .AddHostedService(provider => provider.GetRequiredService<Workplaces>())
            .AddSingleton<Confirmations>();
}
