using System.Text.Json.Nodes;

namespace Cluster.Simulator.Discord;

/// <summary>One gateway session: all it was told, numbered, so that it can be told again.</summary>
internal sealed class DiscordSession(string id, int shard, int shards)
{
    private readonly Lock _lock = new();
    private readonly List<string> _told = [];
    private DiscordLink? _link;

    public string Id => id;

    /// <summary>Which of how many.</summary>
    public string Name => $"{shard}/{shards}";

    /// <summary>Discord: Gateway, sharding formula; without a guild it is told to the first.</summary>
    public bool Hears(string? guild) => (guild is null ? 0 : (int)((ulong.Parse(guild) >> 22) % (ulong)shards)) == shard;

    public long Sequence
    {
        get
        {
            lock (_lock)
            {
                return _told.Count;
            }
        }
    }

    public void Tell(string type, JsonObject data)
    {
        lock (_lock)
        {
            var payload = new JsonObject { ["op"] = 0, ["t"] = type, ["s"] = _told.Count + 1, ["d"] = data.DeepClone() }.ToJsonString();
            _told.Add(payload);
            _link?.Send(payload);
        }
    }

    /// <summary>Tells whatever it is, as it is; <c>SEQ</c> in it becomes the number.</summary>
    public void TellRaw(string payload)
    {
        lock (_lock)
        {
            var numbered = payload.Replace("SEQ", $"{_told.Count + 1}", StringComparison.Ordinal);
            _told.Add(numbered);
            _link?.Send(numbered);
        }
    }

    /// <summary>Goes on over this connection, after what it has.</summary>
    public void Attach(DiscordLink link, long after)
    {
        lock (_lock)
        {
            _link = link;
            foreach (var payload in _told.Skip((int)after))
            {
                link.Send(payload);
            }
        }
    }

    public void Detach(DiscordLink link)
    {
        lock (_lock)
        {
            _link = _link == link ? null : _link;
        }
    }
}
