using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;
using Cluster.Core.Channel;

namespace Cluster.Chaos.Clients;

/// <summary>
/// A session over plain HTTP, with the habits of Claude Code: a stream that ends is opened again after a second with the last event id
/// and the same MCP session; five tries in about half a minute, then it gives up for good; a stream answered 404 leaves it deaf; an
/// answer to a ping is sent once. Every request goes to another node.
/// </summary>
internal sealed class HttpSession(string name, Balancer balancer, string token, HistoryLog log) : ScriptedSession(name, log)
{
    /// <summary>How long Claude Code listens to a silent stream.</summary>
    public static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(300);

    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);
    private const int Tries = 5;

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(3) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly CancellationTokenSource _stop = new();
    private readonly Errands _errands = new();
    private readonly TaskCompletionSource _listening = new();
    private Task _running = Task.CompletedTask;
    private TaskCompletionSource? _stalled;
    private string? _mcpSession;
    private string? _lastEventId;
    private ChaosNode? _node;

    public override ChaosNode? Node => _node;

    /// <summary>How long it listens to silence.</summary>
    public TimeSpan Patience { get; set; } = UsualPatience;

    /// <summary>After how many seconds of silence its stream shall say that it lives; null for whatever the node does.</summary>
    public int? KeepAlive { get; set; }

    public override Task StartAsync(CancellationToken ct)
    {
        _running = RunAsync(_stop.Token);
        return _listening.Task.WaitAsync(ct);
    }

    /// <summary>Reads nothing more from its open stream, until it is told to go on.</summary>
    public void Stall() => _stalled = new TaskCompletionSource();

    public void Resume() => Interlocked.Exchange(ref _stalled, null)?.TrySetResult();

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _stalled?.TrySetCanceled();
        await _running;
        await _errands.DoneAsync();
        _stop.Dispose();
        _http.Dispose();
    }

    protected override Task CallAsync(string id, string call)
    {
        _errands.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
            {
                if (await PostAsync(call) is { } answer)
                {
                    using var document = JsonDocument.Parse(answer);
                    TakeAnswer(document.RootElement);
                    return;
                }

                await Task.Delay(Again).WaitAsync(_stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        });
        return Task.CompletedTask;
    }

    private async Task RunAsync(CancellationToken ct)
    {
        var failed = 0;
        try
        {
            while (Trouble is null)
            {
                var opened = (_mcpSession is not null || await InitializeAsync(ct)) && await ListenAsync(ct);
                failed = opened ? 0 : failed + 1;
                if (failed == Tries)
                {
                    Trouble ??= "it gave up after five tries, as Claude Code does";
                }

                await Task.Delay(Again * (1 << Math.Max(0, failed - 1)), ct);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task<bool> InitializeAsync(CancellationToken ct)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(AnswerWithin);
            var (_, answer) = await balancer.SendAsync(
                _http, node => Post(node, Initialize("hello")), HttpCompletionOption.ResponseContentRead, limit.Token);
            using (answer)
            {
                if (!answer.IsSuccessStatusCode)
                {
                    return false;
                }

                _mcpSession = answer.Headers.GetValues(ChannelProtocol.SessionHeader).Single();
            }

            return await PostAsync(Initialized) is not null;
        }
        catch (Exception e) when (IsOutside(e, ct))
        {
            return false;
        }
    }

    /// <returns>True when the stream was open for a while.</returns>
    private async Task<bool> ListenAsync(CancellationToken ct)
    {
        var opened = false;
        try
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(ct);
            silence.CancelAfter(Patience);
            var (node, answer) = await balancer.SendAsync(_http, Get, HttpCompletionOption.ResponseHeadersRead, silence.Token);
            using (answer)
            {
                if (answer.StatusCode == HttpStatusCode.NotFound)
                {
                    Trouble = "its stream was answered 404: it is deaf";
                }

                if (!answer.IsSuccessStatusCode)
                {
                    return false;
                }

                _node = node;
                opened = true;
                BeginStream();
                _listening.TrySetResult();
                await ReadAsync(await answer.Content.ReadAsStreamAsync(silence.Token), silence);
            }
        }
        catch (Exception e) when (IsOutside(e, ct))
        {
            // the stream is lost
        }

        return opened;
    }

    private async Task ReadAsync(Stream stream, CancellationTokenSource silence)
    {
        using var reader = new StreamReader(stream);
        string? id = null;
        while (await reader.ReadLineAsync(silence.Token) is { } line)
        {
            silence.CancelAfter(Patience);
            await (_stalled?.Task ?? Task.CompletedTask);
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = line[4..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                _lastEventId = id ?? _lastEventId;
                id = null;
                using var message = JsonDocument.Parse(line[6..]);
                await HandleAsync(message.RootElement);
            }
        }
    }

    private Task HandleAsync(JsonElement message)
    {
        if (message.GetProperty("method").GetString() != "ping")
        {
            return TakeAsync(message);
        }

        ReadPing(message);
        var answer = Pong(message);
        _errands.Run(() => PostAsync(answer));
        return Task.CompletedTask;
    }

    /// <returns>The answer's body; null when the node did not take the message.</returns>
    private async Task<string?> PostAsync(string message)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(AnswerWithin);
        try
        {
            var (_, answer) = await balancer.SendAsync(_http, node => Post(node, message), HttpCompletionOption.ResponseContentRead, limit.Token);
            using (answer)
            {
                if (answer.StatusCode == HttpStatusCode.NotFound)
                {
                    Trouble = "its MCP session was forgotten";
                }

                return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(limit.Token) : null;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    private HttpRequestMessage Post(Uri node, string message)
    {
        var request = Stamped(HttpMethod.Post, node);
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Content = new StringContent(message, Encoding.UTF8, "application/json");
        return request;
    }

    private HttpRequestMessage Get(Uri node)
    {
        var request = Stamped(HttpMethod.Get, node);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (KeepAlive is { } seconds)
        {
            request.Headers.Add(ChannelProtocol.KeepAliveHeader, seconds.ToString(CultureInfo.InvariantCulture));
        }

        if (_lastEventId is { } last)
        {
            request.Headers.Add("Last-Event-ID", last);
        }

        return request;
    }

    private HttpRequestMessage Stamped(HttpMethod method, Uri node)
    {
        var request = new HttpRequestMessage(method, new Uri(node, "/mcp"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add(ChannelProtocol.ClusterSessionHeader, Name);
        if (_mcpSession is { } session)
        {
            request.Headers.Add(ChannelProtocol.SessionHeader, session);
            request.Headers.Add(ChannelProtocol.VersionHeader, ChannelProtocol.Latest);
        }

        return request;
    }

    private static bool IsOutside(Exception e, CancellationToken ct) =>
        !ct.IsCancellationRequested && e is HttpRequestException or IOException or OperationCanceledException;
}
