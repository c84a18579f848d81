using Cluster.Core.Events;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;

namespace Cluster.Storage.Tests.Engines;

/// <summary>The way of what is kept back, for the tests of plans: a fold of two, one that is well again before it is told, one by itself.</summary>
internal static class HoldWalk
{
    public static async Task RunAsync(Engine engine, IAppendStore appends, Submission message, CancellationToken ct)
    {
        var holds = new HoldStore(engine);
        var webhook = message with { Kind = EventKind.Webhook, Subject = "s" };
        var fold = new Hold { Until = message.At, Limit = message.At, Fold = "fold" };
        var (first, second) = (webhook with { Hold = fold }, webhook with { Hold = fold, Subject = "t" });
        var well = webhook with { Hold = fold with { Recovers = true, Fold = null } };
        Submission[][] rounds =
        [
            [first, second, webhook with { Hold = fold with { Fold = null } }, well], [first, second, second], [first, second], [well], [well with { Subject = "t" }],
        ];
        foreach (var round in rounds)
        {
            await appends.AppendAsync([.. round.Select(Appender.Pack)], ct);
            foreach (var session in await holds.DueAsync(ct))
            {
                await holds.LetGoAsync(session, ct);
            }
        }
    }
}
