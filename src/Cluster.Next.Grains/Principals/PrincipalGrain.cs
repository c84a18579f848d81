using Cluster.Core.Grains.Principals;
using Cluster.Next.Grains.Logs;

namespace Cluster.Next.Grains.Principals;

/// <summary>The tokens of a principal.</summary>
[Alias("principal-tokens")]
public interface IPrincipalTokens : IGrainWithStringKey
{
    /// <summary>Makes the principal and this token of it, unless they are.</summary>
    [Alias("issue")]
    Task<bool> IssueAsync(bool admin, string hash, string label, CancellationToken ct);

    /// <returns>Null when it is none that is good.</returns>
    [Alias("find")]
    Task<TokenView?> FindAsync(string hash, CancellationToken ct);

    [Alias("revoke")]
    Task<bool> RevokeAsync(string id, string by, CancellationToken ct);
}

[GenerateSerializer, Immutable, Alias("token-view")]
public sealed record TokenView
{
    [Id(0)]
    public required string Id { get; init; }

    [Id(1)]
    public required bool Admin { get; init; }
}

/// <summary>A person or service known to the cluster.</summary>
[GrainType("principal")]
internal sealed class PrincipalGrain(GrainLogs logs)
    : LogGrain<PrincipalState>(logs, PrincipalRecords.Kinds, PrincipalJson.Default.PrincipalState), IPrincipalTokens
{
    public Task<bool> IssueAsync(bool admin, string hash, string label, CancellationToken ct) =>
        TurnAsync(state => state.Issue(Log.Key, admin, hash, label, Now));

    public Task<TokenView?> FindAsync(string hash, CancellationToken ct) =>
        ViewAsync(state => state.Find(hash) is { } token ? new TokenView { Id = token.Id, Admin = state.Admin } : null);

    public Task<bool> RevokeAsync(string id, string by, CancellationToken ct) => TurnAsync(state => state.Revoke(Log.Key, id, by));
}
