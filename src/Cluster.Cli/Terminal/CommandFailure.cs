using Cluster.Core.Events;

namespace Cluster.Cli.Terminal;

/// <summary>A command cannot do what was asked; its message is the one line that the person reads.</summary>
internal class CommandFailure(string sentence) : Exception(OneLine(sentence))
{
    /// <summary>Any text, also a stranger's, as one harmless line of a terminal.</summary>
    public static string OneLine(string text) => HostileText.Clean(text).ReplaceLineEndings(" ").Replace('\t', ' ').TrimEnd();
}
