using Cluster.Core.Events;
using Cluster.Core.Grains.Sessions;

namespace Cluster.Next.Grains.Sessions;

// The session's clients, their streams and their tool calls.
internal sealed partial class SessionGrain
{
    /// <summary>A stream whose node has not asked for so long is lost.</summary>
    private static readonly TimeSpan StreamLost = TimeSpan.FromSeconds(7);

    // By stream: when its node asked last. Not of the log: a new activation gives every node its time to ask.
    private readonly Dictionary<string, (IStreamNode Node, DateTimeOffset At)> _streams = [];

    public Task InitializeAsync(ClientStart start, CancellationToken ct) =>
        TurnAsync(state => state.Initialize(_id, start.Hash, start.TokenId, start.Client, Now));

    public Task<bool> KnowsAsync(string hash, string tokenId, CancellationToken ct) =>
        ViewAsync(state => state.Attachments.Find(hash, tokenId) is not null);

    public Task InitializedAsync(string hash, CancellationToken ct) => TurnAsync(state => state.Initialized(hash));

    public Task<bool> EndAsync(string hash, string tokenId, CancellationToken ct) => TurnAsync(state => state.EndClient(hash, tokenId));

    public async Task<AttachAnswer> AttachAsync(AttachRequest request, CancellationToken ct)
    {
        var now = Now;
        _streams[request.Stream] = (request.Node, now);
        await CloseLostAsync(now);
        if (await ViewAsync(state => state.Attachments.AttachedStream == request.Stream && _push.IsOverdue(now)))
        {
            await CloseAsync(request.Hash, request.Stream, ct);
            return new AttachAnswer { State = AttachStanding.Lost, Epoch = 0, Claim = Claim };
        }

        var attached = await TurnAsync(state => state.Attach(request.Hash, request.TokenId, request.Stream, request.JustOpened, Now));

        // A session that was moved here has not claimed yet, and what it has to send waits for that.
        if (attached.State == AttachState.Attached && Claim == 0 && await ViewAsync(state => state.Mailbox.Count > 0))
        {
            await DueAsync(ct);
        }

        return new AttachAnswer { State = (AttachStanding)(int)attached.State, Epoch = attached.Epoch, Claim = Claim };
    }

    public async Task CloseAsync(string hash, string stream, CancellationToken ct)
    {
        _streams.Remove(stream);
        await TurnAsync(state => state.Close(hash, stream, Now));
    }

    public Task<bool> ConfirmAsync(string hash, long epoch, long batch, CancellationToken ct) =>
        TurnAsync(state => state.Confirm(_id, hash, new BatchId(epoch, batch), Now));

    public async Task<ToolAnswer> ReplyAsync(ReplyCall call, CancellationToken ct)
    {
        var result = await TurnAsync(state => state.Reply(($"{call.Hash} {call.RequestId}", call.ArgumentsHash), call.ChatId, call.Text, call.ReplyTo, Now));
        return new ToolAnswer { Refused = result.Refused, Text = result.Text };
    }

    // A node that died closes no stream. Its streams count as closed once it has missed three times to ask.
    private async Task CloseLostAsync(DateTimeOffset now)
    {
        foreach (var (hash, stream) in await ViewAsync(state => state.Attachments.McpSessions.Values.Where(client => client.Stream is not null).Select(client => (client.Hash, client.Stream!)).ToList()))
        {
            if (!_streams.TryGetValue(stream, out var known))
            {
                _streams[stream] = (null!, now);
            }
            else if (now - known.At > StreamLost)
            {
                await CloseAsync(hash, stream, CancellationToken.None);
            }
        }
    }
}
