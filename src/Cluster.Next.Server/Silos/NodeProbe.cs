using Orleans.Concurrency;

namespace Cluster.Next.Server.Silos;

/// <summary>Answers on the node that asks, without a look into the grain directory.</summary>
[Alias("node-probe")]
public interface INodeProbe : IGrainWithIntegerKey
{
    [Alias("answer")] Task AnswerAsync();
}

[StatelessWorker(1)]
internal sealed class NodeProbe : Grain, INodeProbe
{
    public Task AnswerAsync() => Task.CompletedTask;
}
