using System.Collections.Concurrent;
using Cluster.Core.Access;
using Cluster.Core.Grains.Principals;
using Cluster.Core.Logs;
using Cluster.Core.Secrets;
using Cluster.Next.Grains.Principals;
using Cluster.Next.Grains.Users;
using Cluster.Next.Server.Grains;

namespace Cluster.Next.Server.Security;

/// <summary>A token that was just proved valid, and whose it is.</summary>
internal sealed record NodeCaller
{
    public required string TokenId { get; init; }
    public required string Principal { get; init; }
    public required bool Admin { get; init; }

    /// <summary>Under which what it does counts.</summary>
    public required long Standing { get; init; }

    public Identity Identity => Identity.Console(Principal);

    /// <summary>As grains know it.</summary>
    public Next.Grains.Sessions.Caller AsGrainsKnow => new() { Identity = Identity.Value, Principal = Principal, Standing = Standing };
}

/// <summary>Finds out whose token it is. An index finds the principal, whose grain decides; its word counts for a second, so a revoked token is
/// dead everywhere a second later, and what it does meanwhile meets the standing that its revocation has raised.</summary>
internal sealed class Callers(IIndexStore index, GrainCalls calls, TimeProvider clock)
{
    private const int MaxKnown = 10_000;

    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, (long At, Task<NodeCaller?> Caller)> _known = new();

    public async Task<NodeCaller?> FindAsync(string token, CancellationToken ct)
    {
        var hash = Secret.Hash(token);
        if (_known.TryGetValue(hash, out var known) && clock.GetElapsedTime(known.At) < KnownFor && !known.Caller.IsFaulted)
        {
            return await known.Caller.WaitAsync(ct);
        }

        if (_known.Count > MaxKnown)
        {
            _known.Clear();
        }

        var asked = AskAsync(hash);
        _known[hash] = (clock.GetTimestamp(), asked);
        return await asked.WaitAsync(ct);
    }

    private Task<NodeCaller?> AskAsync(string hash) => calls.AskAsync<NodeCaller?>(
        async () =>
        {
            foreach (var row in await index.FindAsync(PrincipalState.TokenIndex, hash, null, 2, CancellationToken.None))
            {
                var name = row.Entry.Grain.Key;
                if (await calls.Principal<IPrincipalTokens>(name).FindAsync(hash, CancellationToken.None) is { } token)
                {
                    var standing = await calls.User<IUserStanding>(Identity.Console(name).Value).StandingAsync(CancellationToken.None);
                    return new NodeCaller { TokenId = token.Id, Principal = name, Admin = token.Admin, Standing = standing };
                }
            }

            return null;
        },
        CancellationToken.None);
}
