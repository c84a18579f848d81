using Cluster.Core.Channel;
using Cluster.Core.Sessions;
using Microsoft.Extensions.Primitives;

namespace Cluster.Next.Server.Mcp;

/// <summary>What a connector says of itself beside the session's name. A client need not say it, but what it says has its form.</summary>
internal static class McpHeaders
{
    /// <returns>What is wrong with them; null when nothing is.</returns>
    public static string? Fault(IHeaderDictionary headers)
    {
        var (instance, project, earlier) = (
            headers[ChannelProtocol.InstanceHeader], headers[ChannelProtocol.ProjectHeader], headers[ChannelProtocol.EarlierProjectHeader]);
        return !IsNoneOr(instance, Instance.IsId) ? $"Header {ChannelProtocol.InstanceHeader} must be {Instance.Expected}."
            : !IsNoneOr(project, Project.IsKey) || !IsNoneOr(earlier, Project.IsKey) || (project.Count == 0 && earlier.Count > 0)
                ? $"Headers {ChannelProtocol.ProjectHeader} and {ChannelProtocol.EarlierProjectHeader} must be {Project.Expected} where they are sent."
            : null;
    }

    // An empty value is none of its form: it would be the same for everybody who sends one.
    private static bool IsNoneOr(StringValues values, Func<string, bool> isOne) => values.Count == 0 || (values is [{ } only] && isOne(only));
}
