using Cluster.Core.Secrets;
using Cluster.Storage.Engines;
using Cluster.Storage.Secrets;

namespace Cluster.Server.Nodes;

/// <summary>The key that encrypts this node's secrets.</summary>
/// <param name="box">Seals and opens with it.</param>
/// <param name="where">Where it stands, in words that begin a sentence.</param>
/// <param name="file">Its file in the data folder, used or not.</param>
/// <param name="made">True when no key was there and this start made one.</param>
internal sealed partial class NodeKey(SecretBox box, string where, string file, bool made)
{
    public SecretBox Box => box;

    /// <summary>Lets the node start only with the key of its engine: with another one, webhooks and pages would fail one by one.</summary>
    /// <exception cref="EngineUnusableException">It is another key, and nobody said that the right one is lost.</exception>
    public async Task CheckAsync(KeyCheck check, Engine engine, bool forget, ILogger logger)
    {
        if (forget)
        {
            var forgotten = await check.ForgetAsync(CancellationToken.None);
            if (forgotten.Any)
            {
                LogForgot(
                    logger, forgotten.Sources.Count, string.Join(", ", forgotten.Sources), forgotten.Bots.Count, string.Join(", ", forgotten.Bots));
            }
            else
            {
                LogNothingToForget(logger);
            }

            return;
        }

        var unreadable = await check.FindUnreadableAsync(CancellationToken.None);
        if (unreadable.Any)
        {
            if (made)
            {
                File.Delete(file); // the right one belongs there
            }

            throw new EngineUnusableException(Refusal(engine, unreadable));
        }
    }

    private string Refusal(Engine engine, Unreadable unreadable)
    {
        var trouble = made
            ? $"The key is missing: CLUSTER_KEY is not set and there is no {file}, but {engine.Description} holds secrets that were encrypted with one"
            : $"{where} does not fit: {engine.Description} holds secrets that were encrypted with another key";
        return $"""
            {trouble} (of {unreadable.Sources.Count} webhook sources, {unreadable.Bots.Count} bots, and of the pages' forms).
            Restore the right key, {(engine is SqliteEngine ? $"in CLUSTER_KEY or as {file}" : "in CLUSTER_KEY")}.
            If it is lost for good, start once with --Cluster:ForgetSecrets=true. That deletes what cannot be read any more, so that these webhook sources and bots must be made again, and keeps sessions, messages and tokens.
            """;
    }

    [LoggerMessage(
        LogLevel.Warning,
        "The secrets of {Count} webhook sources ({Sources}), of {BotCount} bots ({Bots}) and of the pages' forms were encrypted with a lost key and are "
        + "forgotten. Make these again, and start without Cluster:ForgetSecrets from now on.")]
    private static partial void LogForgot(ILogger logger, int count, string sources, int botCount, string bots);

    [LoggerMessage(
        LogLevel.Warning, "Cluster:ForgetSecrets is set, but this key reads every secret: nothing was forgotten. Start without it from now on.")]
    private static partial void LogNothingToForget(ILogger logger);
}
