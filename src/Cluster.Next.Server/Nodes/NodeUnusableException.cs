namespace Cluster.Next.Server.Nodes;

/// <summary>The node cannot start as it is set up; the message says why and what to do.</summary>
internal sealed class NodeUnusableException(string message, Exception? inner = null) : Exception(message, inner);
