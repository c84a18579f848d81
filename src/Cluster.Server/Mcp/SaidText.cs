using Cluster.Core.Access;
using Cluster.Core.Channel;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Server.Routing;
using Cluster.Storage.Mailboxes;

namespace Cluster.Server.Mcp;

/// <summary>What keeps a text of a session from being sent, in words.</summary>
internal static class SaidText
{
    public static ToolOutcome? Unfit(string text) =>
        HostileText.Clean(text).Trim().Length == 0 ? new ToolOutcome(true, "text is empty. Nothing was sent.")
        : text.Length > ChannelTools.MaxReplyLength ? new ToolOutcome(
            true, $"text has {text.Length} characters; {ChannelTools.MaxReplyLength} are the most. Send it in parts. Nothing was sent.")
        : null;

    /// <summary>What a session tells others counts like what a person says.</summary>
    public static ToolOutcome? TooFast(SenderLimits limits, SessionId sender) =>
        limits.Throttle(Identity.Session(sender)) is { } wait
            ? new ToolOutcome(true, $"This session sends notes faster than the limit allows. Wait {Math.Max(1, (int)wait.TotalSeconds)} s. Nothing was sent.")
            : null;
}
