using System.Net;
using Cluster.Core.Events;

namespace Cluster.Cli.Terminal;

/// <summary>A command cannot do what was asked; its message is the one line that the person reads.</summary>
internal class CommandFailure(string sentence) : Exception(OneLine(sentence))
{
    /// <summary>What a node answered, where it was one that refused.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>Any text, also a stranger's, as one harmless line of a terminal.</summary>
    public static string OneLine(string text) => HostileText.Clean(text).ReplaceLineEndings(" ").Replace('\t', ' ').TrimEnd();
}
