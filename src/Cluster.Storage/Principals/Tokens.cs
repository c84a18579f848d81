using Cluster.Storage.Engines;

namespace Cluster.Storage.Principals;

/// <summary>A token was revoked after its call was authenticated. The call is refused as if the token were unknown.</summary>
public sealed class TokenRevokedException() : Exception("The token was revoked while its call was under way.");

internal static class Tokens
{
    /// <summary>What changes rights begins with this: its caller was authenticated before, perhaps long before, its turn came.</summary>
    /// <exception cref="TokenRevokedException">The actor's token is not valid any more.</exception>
    public static Task HoldAsync(Turn turn, Actor actor) => actor.TokenId is { } id ? HoldAsync(turn, id) : Task.CompletedTask;

    /// <summary>Holds a token until the turn commits: it is valid until then, and whoever revokes it afterwards sees what the turn has
    /// made. In the one order of locks a token's row comes before any session's.</summary>
    /// <exception cref="TokenRevokedException">It is not valid any more.</exception>
    public static async Task HoldAsync(Turn turn, string tokenId)
    {
        if (await turn.Db.NumberAsync("SELECT 1 FROM token WHERE id = @token AND revoked_at IS NULL" + turn.Engine.ShareRow, ("@token", tokenId)) is null)
        {
            throw new TokenRevokedException();
        }
    }
}
