using Cluster.Next.Server.Grains;

namespace Cluster.Next.Server.Mcp;

internal static class McpRegistration
{
    public static IServiceCollection AddMcp(this IServiceCollection services) => services
        .AddSingleton(provider => new StreamNode(new Lazy<GrainCalls>(provider.GetRequiredService<GrainCalls>)))
        .AddSingleton<McpStreams>()
        .AddSingleton<ToolCalling>();
}
