namespace Cluster.Core.Grains;

/// <summary>Who acts: an identity, the principal that it is linked with, and the standing under which it acts.</summary>
/// <param name="Identity">As <c>platform:id</c>.</param>
/// <param name="Principal">Whose identity it is.</param>
/// <param name="Standing">Raised by every revocation; an act under a lower one than is known is refused.</param>
public sealed record Actor(string Identity, string Principal, long Standing);
