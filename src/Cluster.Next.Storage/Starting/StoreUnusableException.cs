namespace Cluster.Next.Storage.Starting;

/// <summary>A store with which no node may start. The message is for the operator: what, why, and what to do.</summary>
public sealed class StoreUnusableException(string message, Exception? inner = null) : Exception(message, inner);
