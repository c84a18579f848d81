using System.Net;
using System.Net.Http.Headers;
using Cluster.Cli.Nodes;
using Cluster.Core.Channel;

namespace Cluster.Cli.Connect;

/// <summary>
/// The way to a node's <c>/mcp</c>: opens an MCP session, sends messages in it and listens to its stream. Every call is one try;
/// whether and when to try again is the caller's affair.
/// </summary>
internal sealed partial class NodeLink(NodeLocator locator, SessionWish wish, Notes notes, TimeProvider clock) : IDisposable
{
    /// <summary>A request without an answer for so long is sent again; the node knows it by its id.</summary>
    public static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(15);

    /// <summary>How long a node may take to take an answer to its ping. It is little work and can be repeated, and nothing more comes
    /// until it is done: a node that is frozen must not hold it up for long.</summary>
    public static readonly TimeSpan ProofWithin = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan MovesEvery = TimeSpan.FromSeconds(15);

    private readonly HttpClient _http = NodeHttp.Create();
    private readonly ProjectPlace _place = new(wish.Folder, clock);
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile McpSession? _current;
    private string? _said;

    public McpSession? Current => _current;

    /// <summary>Must be set before anything is opened.</summary>
    public ClientIntroduction Introduction { get; set; } = new(null, null);

    /// <summary>The current MCP session, or a new one where there is none.</summary>
    public async Task<LinkOutcome> OpenAsync(CancellationToken ct)
    {
        if (_current is { } open)
        {
            return new LinkOutcome.Open(open);
        }

        await _opening.WaitAsync(ct);
        try
        {
            var outcome = _current is { } meanwhile ? new LinkOutcome.Open(meanwhile) : await InitializeAsync(ct);
            if (outcome is LinkOutcome.Open(var session))
            {
                _current = session;
            }

            return outcome;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Sends one message in an MCP session.</summary>
    /// <param name="session">Where to.</param>
    /// <param name="line">The message, sent as it is.</param>
    /// <param name="onTaken">Called once the node has taken it, which may be long before the answer is whole.</param>
    /// <param name="onMessage">Gets messages of the node that come before the answer.</param>
    /// <param name="ct">Ends the try.</param>
    public async Task<LinkOutcome> SendAsync(
        McpSession session, JsonRpcLine line, Action onTaken, Func<SseMessage, CancellationToken, Task> onMessage, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(line.Kind == JsonRpcKind.Response ? ProofWithin : AnswerWithin, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var response = await _http.SendAsync(
                Post(session.Node, session, line.Bytes), HttpCompletionOption.ResponseHeadersRead, either.Token);

            if (!response.IsSuccessStatusCode)
            {
                return await JudgeAsync(session, response, line, either.Token);
            }

            onTaken();
            return await NodeAnswer.ReadAsync(response, line, onMessage, either.Token);
        }
        catch (Exception e) when (IsOutside(e, ct))
        {
            return Away(session.Node, e);
        }
    }

    /// <summary>Listens until the stream ends, breaks or falls silent. An outcome other than <c>Done</c> means that it never began.</summary>
    public async Task<LinkOutcome> ListenAsync(
        McpSession session, Action onOpen, Func<SseMessage, CancellationToken, Task> onMessage, CancellationToken ct)
    {
        using var pulse = new Pulse(clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, pulse.Stopped, session.Ended);
        var opened = false;
        try
        {
            using var request = Request(HttpMethod.Get, session.Node, session);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(NodeAnswer.EventStream));
            request.Headers.Add(ChannelProtocol.KeepAliveHeader, Pulse.KeepAliveSeconds);
            if (session.LastEventId is { } last)
            {
                request.Headers.TryAddWithoutValidation("Last-Event-ID", last);
            }

            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                return await JudgeAsync(session, response, null, either.Token);
            }

            if (response.Content.Headers.ContentType?.MediaType != NodeAnswer.EventStream)
            {
                return NodeAnswer.NotANode(session.Node);
            }

            opened = true;
            pulse.Beat();
            onOpen();
            await using var stream = pulse.Watch(await response.Content.ReadAsStreamAsync(either.Token));
            await foreach (var message in NodeAnswer.ReadEventsAsync(stream, either.Token))
            {
                await onMessage(message, ct);
            }

            return new LinkOutcome.Done();
        }
        catch (Exception e) when (IsOutside(e, ct))
        {
            return opened ? new LinkOutcome.Done() : Away(session.Node, e);
        }
    }

    /// <summary>Says when this process works elsewhere than it said last: whoever is idle on another branch sends nothing else that would.</summary>
    public async Task TellMovesAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(MovesEvery, clock);
        while (await timer.WaitForNextTickAsync(ct))
        {
            if (_current is not { } session || !_place.HasMoved)
            {
                continue;
            }

            using var limit = new CancellationTokenSource(ProofWithin, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
            try
            {
                using var request = Post(session.Node, session, LinkMessages.Moved);
                using var response = await _http.SendAsync(request, either.Token);
                if (!response.IsSuccessStatusCode)
                {
                    _place.Untold();
                }
            }
            catch (Exception e) when (IsOutside(e, ct))
            {
                _place.Untold(); // the next tick is the retry
            }
        }
    }

    public void Forget(McpSession session)
    {
        Interlocked.CompareExchange(ref _current, null, session);
        session.End();
    }

    /// <summary>Tells the node that this client is gone, if that can be done at once.</summary>
    public async Task CloseAsync()
    {
        if (_current is not { } session)
        {
            return;
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            using var request = Request(HttpMethod.Delete, session.Node, session);
            using var response = await _http.SendAsync(request, limit.Token);
        }
        catch (Exception e) when (IsOutside(e, CancellationToken.None))
        {
            // The node notices the closed stream as well, only later.
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _opening.Dispose();
    }

    private async Task<LinkOutcome> InitializeAsync(CancellationToken ct)
    {
        // Looked up anew each time: a later `cluster login` heals a connector that runs already.
        var search = locator.Find();
        if (search is not NodeSearch.Found { Node: var node })
        {
            return new LinkOutcome.Refused(((NodeSearch.NotFound)search).Sentence.TrimEnd('.'));
        }

        using var limit = new CancellationTokenSource(AnswerWithin, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var request = Post(node, null, LinkMessages.Initialize(Introduction));
            wish.AddTo(request.Headers);
            using var response = await _http.SendAsync(request, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                return await NodeAnswer.RefusalAsync(response, node, clock, either.Token);
            }

            if (!response.Headers.TryGetValues(ChannelProtocol.SessionHeader, out var ids) || ids.FirstOrDefault() is not { Length: > 0 } id)
            {
                return NodeAnswer.NotANode(node);
            }

            var session = new McpSession(id, node, Given(response));
            using var initialized = await _http.SendAsync(Post(node, session, LinkMessages.Initialized), either.Token);
            if (!initialized.IsSuccessStatusCode)
            {
                return await NodeAnswer.RefusalAsync(initialized, node, clock, either.Token);
            }

            var name = NameIn(response);
            if (name is not null)
            {
                Name.Given(name);
            }

            if (session.Serves != _said)
            {
                _said = session.Serves;
                notes.Say(wish.Explain(session.Serves, name));
            }

            return new LinkOutcome.Open(session);
        }
        catch (Exception e) when (IsOutside(e, ct))
        {
            return Away(node, e) with { MayBeDone = false };
        }
    }

    private string Given(HttpResponseMessage response) =>
        response.Headers.TryGetValues(ChannelProtocol.ClusterSessionHeader, out var names) && names.FirstOrDefault() is { Length: > 0 } name
            ? name
            : wish.Name;

    private async Task<LinkOutcome> JudgeAsync(McpSession session, HttpResponseMessage response, JsonRpcLine? line, CancellationToken ct)
    {
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Unauthorized)
        {
            // After 401 the next try looks for a token again: somebody may have logged in anew.
            Forget(session);
            notes.Say($"the node at {session.Node.Display} forgot this connection; making a new one");
            return new LinkOutcome.Forgotten();
        }

        return line is { Kind: JsonRpcKind.Request } && await NodeAnswer.ErrorAsync(response, line, ct) is { } error
            ? new LinkOutcome.Answered(error)
            : await NodeAnswer.RefusalAsync(response, session.Node, clock, ct);
    }

    private HttpRequestMessage Post(NodeAddress node, McpSession? session, ReadOnlyMemory<byte> message)
    {
        var request = Request(HttpMethod.Post, node, session);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(NodeAnswer.Json));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(NodeAnswer.EventStream));
        request.Content = new ReadOnlyMemoryContent(message);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(NodeAnswer.Json);
        return request;
    }

    private HttpRequestMessage Request(HttpMethod method, NodeAddress node, McpSession? session)
    {
        var request = new HttpRequestMessage(method, node.At("mcp"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", node.Token);
        request.Headers.Add(ChannelProtocol.ClusterSessionHeader, wish.Name);
        _place.AddTo(request.Headers);
        if (session is not null)
        {
            request.Headers.Add(ChannelProtocol.SessionHeader, session.Id);
            request.Headers.Add(ChannelProtocol.VersionHeader, ChannelProtocol.Latest);
        }

        return request;
    }

    private static LinkOutcome.Away Away(NodeAddress node, Exception failure) => new(
        $"the node at {node.Display} cannot be reached: {NodeHttp.Explain(failure)}",
        MayBeDone: !NodeHttp.NeverConnected(failure));

    private static bool IsOutside(Exception e, CancellationToken ct) =>
        !ct.IsCancellationRequested && (e is HttpRequestException or IOException or OperationCanceledException);
}
