using System.Text.Json;
using Cluster.Cli.Connect.Files;
using Cluster.Cli.Nodes;
using Cluster.Core.Channel;

namespace Cluster.Cli.Connect;

/// <summary>
/// Stands between Claude Code on stdin and stdout and a node that may come and go. Answers by itself what Claude Code asks at its
/// start, pipes everything else, and lives until stdin ends, whatever happens.
/// </summary>
internal sealed class Connector : IDisposable
{
    private const int MaxLine = 8 * 1024 * 1024;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly LineReader _input;
    private readonly MessageWriter _client;
    private readonly NodeLink _link;
    private readonly Downlink _downlink;
    private readonly Uplink _uplink;
    private readonly FileTransfer _transfer;
    private readonly FileCalls _files;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stopping = new();
    private Task? _listening;
    private Task? _sending;
    private Task? _moving;

    public Connector(Stream input, Stream output, Notes notes, NodeLocator locator, SessionWish wish, TimeProvider clock)
    {
        _input = new LineReader(input, MaxLine);
        _client = new MessageWriter(output);
        _clock = clock;
        _link = new NodeLink(locator, wish, notes, clock);
        _downlink = new Downlink(_link, _client, notes, clock);
        _uplink = new Uplink(_link, _client, _downlink, notes, clock);
        _transfer = new FileTransfer(_link, clock);
        _files = new FileCalls(
            _link, _uplink, _client, locator, _transfer, AttachmentFolder.Find(locator.Environment, clock), notes);
    }

    /// <summary>Ends when the input ends, or when the process is told to stop.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (await ReadAsync(ct))
            {
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // Told to stop, or the other end of stdin is gone.
        }

        await StopAsync();
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _transfer.Dispose();
        _link.Dispose();
        _client.Dispose();
    }

    private async Task<bool> ReadAsync(CancellationToken ct)
    {
        try
        {
            // Reading a console cannot be cancelled, so waiting for it is.
            if (await _input.ReadAsync(ct).WaitAsync(ct) is not { } line)
            {
                return false;
            }

            if (!IsBlank(line.Span))
            {
                await HandleAsync(JsonRpcLine.Parse(line), ct);
            }
        }
        catch (JsonRpcException e)
        {
            await _client.WriteAsync(LocalAnswers.Error(e.Id, e.Code, e.Message), ct);
        }
        catch (LineTooLongException)
        {
            await _client.WriteAsync(
                LocalAnswers.Error("null", ChannelProtocol.InvalidRequest, $"The line is longer than {MaxLine / 1024 / 1024} MiB."), ct);
        }

        return true;
    }

    private Task HandleAsync(JsonRpcLine line, CancellationToken ct) => line.Kind switch
    {
        JsonRpcKind.Request => AnswerAsync(line, ct),
        JsonRpcKind.Notification => NoticeAsync(line, ct),
        _ => Respond(line),
    };

    private Task AnswerAsync(JsonRpcLine line, CancellationToken ct) => line.Method switch
    {
        "initialize" => InitializeAsync(line, ct),
        "ping" => _client.WriteAsync(LocalAnswers.Ping(line.Id), ct),
        "tools/list" => _client.WriteAsync(LocalAnswers.ListTools(line.Id), ct),

        // A revision without server push asks this; to know it would be the end of the channel.
        "server/discover" => throw new JsonRpcException(ChannelProtocol.MethodNotFound, "Method not found: server/discover.", line.Id),
        _ when _listening is null => throw new JsonRpcException(
            ChannelProtocol.InvalidRequest, "Send initialize and notifications/initialized first.", line.Id),
        "tools/call" when FileCalls.Concerns(line) => TakeFiles(line),
        _ => _uplink.SendAsync(line, ct),
    };

    private Task TakeFiles(JsonRpcLine line)
    {
        _files.Take(line, _stopping.Token);
        return Task.CompletedTask;
    }

    private Task NoticeAsync(JsonRpcLine line, CancellationToken ct)
    {
        switch (line.Method)
        {
            case "notifications/initialized":
                // Not earlier: a process that Claude Code starts only to look never becomes a session's client.
                _listening ??= _downlink.RunAsync(_stopping.Token);
                _sending ??= _uplink.RunAsync(_stopping.Token);
                _moving ??= _link.TellMovesAsync(_stopping.Token);
                return Task.CompletedTask;

            case "notifications/cancelled":
                _files.Cancel(line);
                _uplink.Cancel(line);
                return Task.CompletedTask;

            default:
                return _listening is null ? Task.CompletedTask : _uplink.SendAsync(line, ct);
        }
    }

    private Task Respond(JsonRpcLine line)
    {
        if (_link.Current is { } session && session.Answers(line.IdKey))
        {
            _uplink.Respond(line, session);
        }

        return Task.CompletedTask;
    }

    private async Task InitializeAsync(JsonRpcLine line, CancellationToken ct)
    {
        var asked = line.Params is { ValueKind: JsonValueKind.Object } given ? given : (JsonElement?)null;
        _link.Introduction = new ClientIntroduction(Part(asked, "clientInfo"), Part(asked, "capabilities"));
        var version = asked?.TryGetProperty("protocolVersion", out var text) == true ? JsonRpcLine.ReadText(text) : null;
        await _client.WriteAsync(LocalAnswers.Initialize(line.Id, version, await _link.TellNameAsync(ct)), ct);
    }

    private static JsonElement? Part(JsonElement? holder, string name) =>
        holder?.TryGetProperty(name, out var part) == true && part.ValueKind == JsonValueKind.Object ? part : null;

    private static bool IsBlank(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept(" \t\r"u8) < 0;

    private async Task StopAsync()
    {
        _uplink.Complete();
        if (_sending is not null)
        {
            await Task.WhenAny(_sending, Task.Delay(Grace, _clock));
        }

        await _stopping.CancelAsync();
        await _files.EndAsync();
        foreach (var loop in new[] { _listening, _sending, _moving })
        {
            try
            {
                await (loop ?? Task.CompletedTask);
            }
            catch (OperationCanceledException)
            {
                // That is how a loop ends.
            }
        }

        await _link.CloseAsync();
    }
}
