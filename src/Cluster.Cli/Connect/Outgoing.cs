using Cluster.Core.Channel;

namespace Cluster.Cli.Connect;

/// <summary>One message on its way to the node. It is finished once: answered, given up or withdrawn.</summary>
internal sealed class Outgoing(JsonRpcLine line, long acceptedAt, McpSession? onlyIn = null) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _withdrawn = new();
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _finished;

    /// <summary>Completes when the node has taken it, though its answer may still be to come.</summary>
    public Task Arrived => _arrived.Task;

    public void Arrive() => _arrived.TrySetResult();

    public JsonRpcLine Line => line;

    /// <summary>When it was accepted, as a timestamp of the clock.</summary>
    public long AcceptedAt => acceptedAt;

    /// <summary>The MCP session that it means something in; null for any.</summary>
    public McpSession? OnlyIn => onlyIn;

    public bool IsRequest => line.Kind == JsonRpcKind.Request;

    public bool IsFinished => Volatile.Read(ref _finished) == 1;

    /// <summary>True once it was put on the wire and may have been acted on.</summary>
    public bool MayBeDone { get; set; }

    public CancellationToken Withdrawn => _withdrawn.Token;

    /// <returns>True for the one who finishes it.</returns>
    public bool Finish() => Interlocked.Exchange(ref _finished, 1) == 0;

    /// <summary>Finishes it and ends the try that is under way.</summary>
    public bool Withdraw()
    {
        lock (_lock)
        {
            var first = Finish();
            if (first)
            {
                _withdrawn.Cancel();
            }

            return first;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Finish();
            _withdrawn.Dispose();
        }
    }

    /// <summary>The answer when there is none from the node.</summary>
    public ReadOnlyMemory<byte> Failure(string why)
    {
        var sentence = $"Channel Cluster: {why}. " + (MayBeDone
            ? "It is unknown whether this was done; check before you do it again."
            : "This was not done; try again later.");

        return line.Method == "tools/call"
            ? LocalAnswers.ToolFailure(line.Id, sentence)
            : LocalAnswers.Error(line.Id, ChannelProtocol.InternalError, sentence);
    }
}
