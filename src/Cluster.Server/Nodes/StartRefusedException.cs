namespace Cluster.Server.Nodes;

/// <summary>The node does not start, for a reason that its operator can mend; the message is one sentence for them.</summary>
public sealed class StartRefusedException(string message, Exception? inner = null) : Exception(message, inner);
