using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Cluster.Core.Channel;

namespace Cluster.Benchmarks.Latency;

/// <summary>A plain client of <c>/mcp</c>: reads the stream, notes when each event came, answers each ping.</summary>
internal sealed class StreamClient : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly HttpResponseMessage _stream;
    private readonly Channel<(string Content, long At)> _events = Channel.CreateUnbounded<(string, long)>();
    private readonly Channel<bool> _pings = Channel.CreateUnbounded<bool>();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    private StreamClient(HttpClient http, HttpResponseMessage stream)
    {
        _http = http;
        _stream = stream;
        _reading = ReadAsync();
    }

    public static async Task<StreamClient> AttachAsync(HttpClient http, string session)
    {
        using var initialize = Message($$$"""
            {"jsonrpc":"2.0","id":1,"method":"initialize","params":{
              "protocolVersion":"{{{ChannelProtocol.Latest}}}","capabilities":{},"clientInfo":{"name":"latency benchmark","version":"1"}
            }}
            """);
        initialize.Headers.Add(ChannelProtocol.ClusterSessionHeader, session);
        using var initialized = await http.SendAsync(initialize);
        initialized.EnsureSuccessStatusCode();
        http.DefaultRequestHeaders.Add(ChannelProtocol.SessionHeader, initialized.Headers.GetValues(ChannelProtocol.SessionHeader).Single());
        await SendAsync(http, """{"jsonrpc":"2.0","method":"notifications/initialized"}""");

        using var open = new HttpRequestMessage(HttpMethod.Get, "/mcp");
        open.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        var stream = await http.SendAsync(open, HttpCompletionOption.ResponseHeadersRead);
        stream.EnsureSuccessStatusCode();
        return new StreamClient(http, stream);
    }

    /// <summary>The next event, and when its last byte had been read.</summary>
    public async Task<(string Content, long At)> NextAsync() => await _events.Reader.ReadAsync(_stop.Token);

    /// <summary>Returns when the ping behind an event has been answered and the answer taken.</summary>
    public async Task ConfirmedAsync() => await _pings.Reader.ReadAsync(_stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _reading;
        }
        catch (OperationCanceledException)
        {
        }

        _stream.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            using var reader = new StreamReader(await _stream.Content.ReadAsStreamAsync(_stop.Token));
            while (await reader.ReadLineAsync(_stop.Token) is { } line)
            {
                if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    await TakeAsync(line["data: ".Length..], Stopwatch.GetTimestamp());
                }
            }

            throw new InvalidOperationException("The stream ended.");
        }
        catch (Exception e)
        {
            _events.Writer.TryComplete(e);
            _pings.Writer.TryComplete(e);
            throw;
        }
    }

    private async Task TakeAsync(string data, long at)
    {
        using var message = JsonDocument.Parse(data);
        switch (message.RootElement.GetProperty("method").GetString())
        {
            case ChannelProtocol.ChannelNotification:
                _events.Writer.TryWrite((message.RootElement.GetProperty("params").GetProperty("content").GetString()!, at));
                break;
            case "ping":
                await SendAsync(_http, $$$"""{"jsonrpc":"2.0","id":{{{message.RootElement.GetProperty("id").GetRawText()}}},"result":{}}""");
                _pings.Writer.TryWrite(true);
                break;
        }
    }

    private static async Task SendAsync(HttpClient http, string json)
    {
        using var message = Message(json);
        using var answer = await http.SendAsync(message);
        answer.EnsureSuccessStatusCode();
    }

    private static HttpRequestMessage Message(string json) =>
        new(HttpMethod.Post, "/mcp") { Content = new StringContent(json, Encoding.UTF8, "application/json") };
}
