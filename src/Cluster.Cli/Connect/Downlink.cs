namespace Cluster.Cli.Connect;

/// <summary>Keeps a stream from the node open for ever and hands what comes to the client.</summary>
internal sealed class Downlink(NodeLink link, MessageWriter client, Notes notes, TimeProvider clock)
{
    private static readonly TimeSpan RefusedRetry = TimeSpan.FromSeconds(5);

    // A stream that brought something, or lived so long, was a good one: the next try is the first of a new row.
    private static readonly TimeSpan GoodStream = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken ct)
    {
        var backoff = new Backoff();
        while (true)
        {
            TimeSpan wait;
            try
            {
                wait = await ListenOnceAsync(backoff, ct);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                notes.Say($"the stream ended with an unexpected {e.GetType().Name}");
                wait = backoff.Next();
            }

            await Task.Delay(wait, clock, ct);
        }
    }

    /// <summary>Hands one message of the node to the client.</summary>
    public async Task HandAsync(McpSession session, SseMessage message, CancellationToken ct)
    {
        if (!message.Data.IsEmpty)
        {
            try
            {
                var line = JsonRpcLine.Parse(message.Data);
                if (line.Kind == JsonRpcKind.Request)
                {
                    session.Asked(line.IdKey, message.EventId);
                }

                await client.WriteAsync(line.Bytes, ct);
            }
            catch (JsonRpcException)
            {
                notes.Say("the node sent something that is no JSON-RPC message; it was left out");
            }
        }
    }

    private async Task<TimeSpan> ListenOnceAsync(Backoff backoff, CancellationToken ct)
    {
        var outcome = await link.OpenAsync(ct);
        if (outcome is LinkOutcome.Open(var session))
        {
            var (start, brought) = (clock.GetTimestamp(), false);
            outcome = await link.ListenAsync(
                session,
                () => notes.Say($"connected to {session.Node.Display} for session {session.Serves}"),
                (message, token) =>
                {
                    brought = true;
                    return HandAsync(session, message, token);
                },
                ct);

            if (brought || (outcome is LinkOutcome.Done && clock.GetElapsedTime(start) >= GoodStream))
            {
                backoff.Reset();
            }
        }

        switch (outcome)
        {
            case LinkOutcome.Refused(var why):
                notes.Say($"{why}; trying again every {RefusedRetry.TotalSeconds:0} seconds");
                return RefusedRetry;

            case LinkOutcome.Away(var why, _, var retryAfter):
                notes.Say($"{why}; trying again");
                return retryAfter ?? backoff.Next();

            default:
                return backoff.Next();
        }
    }
}
