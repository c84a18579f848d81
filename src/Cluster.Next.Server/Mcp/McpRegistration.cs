using Cluster.Next.Server.Grains;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Cluster.Next.Server.Mcp;

internal static class McpRegistration
{
    public static IServiceCollection AddMcp(this IServiceCollection services)
    {
        services.TryAddSingleton(provider => new StreamNode(new Lazy<GrainCalls>(provider.GetRequiredService<GrainCalls>)));
        return services.AddSingleton<McpStreams>().AddSingleton<ToolCalling>();
    }
}
