using System.Collections.Concurrent;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Server.Grains;
using Cluster.Next.Server.Mcp;

namespace Cluster.Next.Chaos.Faults;

/// <summary>What comes while a file stands is held until another activation has pushed, as a network may hold it; when that is over, the file
/// <c>released</c> stands beside.</summary>
internal sealed class LatePushes(Lazy<GrainCalls> calls, string file, bool fenced) : StreamNode(calls)
{
    /// <summary>Stands beside the other file once something late was let go.</summary>
    public const string Released = "released";

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, long> _pushed = new();

    protected override bool Fenced => fenced;

    public override async Task<PushOutcome> PushAsync(Push push)
    {
        if (File.Exists(file))
        {
            for (var held = TimeSpan.Zero; held < Longest && _pushed.GetValueOrDefault(push.Session) <= push.Claim; held += Every)
            {
                await Task.Delay(Every);
            }

            var late = await base.PushAsync(push);
            await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(file)!, Released), "");
            return late;
        }

        var outcome = await base.PushAsync(push);
        _pushed.AddOrUpdate(push.Session, push.Claim, (_, known) => Math.Max(known, push.Claim));
        return outcome;
    }
}
