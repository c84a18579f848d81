using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;
using Cluster.Core.Channel;
using Cluster.Core.Events;

namespace Cluster.Chaos.Clients;

/// <summary>Stands in for Claude Code: reads what is pushed, answers pings, replies to some events, and logs all of it.</summary>
internal abstract class ScriptedSession(string name, HistoryLog log) : IAsyncDisposable
{
    private const int ReplyToEach = 20;

    private readonly ConcurrentDictionary<string, long> _calls = new();
    private readonly List<long> _batch = [];
    private int _read;

    public string Name => name;

    /// <summary>The node on which it listens, as far as can be known from outside.</summary>
    public abstract ChaosNode? Node { get; }

    /// <summary>Why it will not come back by itself; null while all is well.</summary>
    public string? Trouble { get; protected set; }

    /// <summary>Replies that have no answer yet.</summary>
    public int OpenCalls => _calls.Count;

    protected static string Initialized => """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    /// <summary>Begins; returns when it listens.</summary>
    public abstract Task StartAsync(CancellationToken ct);

    public abstract ValueTask DisposeAsync();

    protected static string Initialize(string id) => $$"""
        {"jsonrpc":"2.0","id":"{{id}}","method":"initialize",
        "params":{"protocolVersion":"{{ChannelProtocol.Latest}}","capabilities":{},"clientInfo":{"name":"chaos","version":"1"} } }
        """.ReplaceLineEndings("");

    /// <summary>The answer to a ping.</summary>
    protected static string Pong(JsonElement ping) => $$"""{"jsonrpc":"2.0","id":{{ping.GetProperty("id").GetRawText()}},"result":{} }""";

    /// <summary>A stream begins: what was read of a batch before is not proved by a ping of this one.</summary>
    protected void BeginStream() => _batch.Clear();

    /// <summary>Reads the ping that ends a batch; its id says which.</summary>
    protected void ReadPing(JsonElement ping)
    {
        if (ping.GetProperty("id") is { ValueKind: JsonValueKind.String } id && BatchId.TryParse(id.GetString(), out var batch))
        {
            log.ReadBatch(new BatchRead(name, batch, [.. _batch], RunClock.Now));
        }

        _batch.Clear();
    }

    /// <summary>Calls a tool; one call, however often it must be sent.</summary>
    protected abstract Task CallAsync(string id, string call);

    /// <summary>Takes one pushed notification.</summary>
    protected async Task TakeAsync(JsonElement message)
    {
        if (message.GetProperty("method").GetString() != ChannelProtocol.ChannelNotification)
        {
            return;
        }

        var parameters = message.GetProperty("params");
        var meta = parameters.GetProperty("meta");
        var id = long.Parse(meta.GetProperty("event_id").GetString()!, CultureInfo.InvariantCulture);
        var repeated = meta.TryGetProperty("redelivery", out var again) && again.GetString() == "true";
        log.Arrived(new Arrival(name, id, Numbers.In(parameters.GetProperty("content").GetString()!), repeated, RunClock.Now));
        _batch.Add(id);
        if (++_read % ReplyToEach == 0 && !repeated)
        {
            await ReplyAsync(id, meta.GetProperty("chat_id").GetString()!);
        }
    }

    /// <summary>Takes the answer to a call.</summary>
    protected void TakeAnswer(JsonElement answer)
    {
        if (answer.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String && _calls.TryRemove(id.GetString()!, out var eventId)
            && answer.TryGetProperty("result", out var result) && !result.TryGetProperty("isError", out _))
        {
            log.Replied(new Reply(name, eventId));
        }
    }

    private Task ReplyAsync(long eventId, string chat)
    {
        var id = $"reply-{eventId}";
        _calls[id] = eventId;
        return CallAsync(id, new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = id,
            ["method"] = "tools/call",
            ["params"] = new JsonObject
            {
                ["name"] = ChannelTools.Reply,
                ["arguments"] = new JsonObject { ["chat_id"] = chat, ["reply_to"] = eventId.ToString(CultureInfo.InvariantCulture), ["text"] = "Done." },
            },
        }.ToJsonString());
    }
}
