using Cluster.Core.Secrets;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sources;

namespace Cluster.Storage.Secrets;

/// <summary>What stands in the engine and cannot be opened with the node's key.</summary>
public sealed record Unreadable(IReadOnlyList<string> Sources, IReadOnlyList<string> Bots, int DataKeys)
{
    public bool Any => Sources.Count + Bots.Count + DataKeys > 0;
}

/// <summary>Tells whether a node's key is the one under which the engine's secrets were sealed. Every secret is tried, and one that is
/// none, so that the first node with a key fixes it before there is anything to hide.</summary>
public sealed class KeyCheck(Engine engine, SecretBox box)
{
    /// <summary>What this key cannot open. When there is nothing, it is the engine's key from now on.</summary>
    public Task<Unreadable> FindUnreadableAsync(CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                var unreadable = await FindAsync(turn);
                if (unreadable.Any)
                {
                    return unreadable;
                }

                await DataKeyStore.MarkAsync(turn, box);
                return await FindAsync(turn); // another node may have been first, with another key
            },
            ct);

    /// <summary>Deletes what this key cannot open, so that it is the engine's key from now on. Sessions, messages and tokens stay.</summary>
    /// <returns>What was deleted.</returns>
    public Task<Unreadable> ForgetAsync(CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                var forgotten = await FindAsync(turn);
                await DataKeyStore.ForgetAsync(turn, await DataKeyStore.FindUnreadableAsync(turn, box));
                await SourceStore.ForgetAsync(turn, forgotten.Sources);
                await BotStore.ForgetAsync(turn, forgotten.Bots);
                await DataKeyStore.MarkAsync(turn, box);
                return forgotten;
            },
            ct);

    private async Task<Unreadable> FindAsync(Turn turn) => new(
        await SourceStore.FindUnreadableAsync(turn, box),
        await BotStore.FindUnreadableAsync(turn, box),
        (await DataKeyStore.FindUnreadableAsync(turn, box)).Count);
}
