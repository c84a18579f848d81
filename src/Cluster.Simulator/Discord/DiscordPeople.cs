using System.Text.Json.Nodes;

namespace Cluster.Simulator.Discord;

/// <summary>Somebody with an account at the simulated Discord.</summary>
public sealed record DiscordPerson(string Id, string Name)
{
    /// <summary>A program's account.</summary>
    public bool Bot { get; init; }

    /// <summary>Discord's own account.</summary>
    public bool System { get; init; }

    internal JsonObject ToJson()
    {
        var user = new JsonObject { ["id"] = Id, ["username"] = Name, ["discriminator"] = "0", ["global_name"] = null, ["avatar"] = null };
        if (Bot)
        {
            user["bot"] = true;
        }

        if (System)
        {
            user["system"] = true;
        }

        return user;
    }
}

/// <summary>A channel of the simulated Discord.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Guild">Null for a direct chat.</param>
public sealed record DiscordChannel(string Id, string? Guild)
{
    /// <summary>The channel that it is a thread of.</summary>
    public string? Parent { get; init; }
}

/// <summary>A file that hangs on a message.</summary>
public sealed record DiscordFile(string Id, string Name, long Size, string ContentType)
{
    /// <summary>What whoever fetches it gets.</summary>
    public byte[] Content { get; init; } = [];

    /// <summary>Where it is said to be; null for the truth.</summary>
    public string? Url { get; init; }
}

/// <summary>What somebody writes at the simulated Discord, besides the text.</summary>
public sealed record DiscordWriting
{
    /// <summary>The message that it answers.</summary>
    public string? ReplyTo { get; init; }

    /// <summary>0 is a plain message; an answer to one becomes 19 by itself.</summary>
    public int Type { get; init; }

    /// <summary>The webhook that writes in somebody's name.</summary>
    public string? Webhook { get; init; }

    /// <summary>The message is a forward.</summary>
    public bool Forwarded { get; init; }

    public IReadOnlyList<DiscordFile> Files { get; init; } = [];

    /// <summary>Names of stickers.</summary>
    public IReadOnlyList<string> Stickers { get; init; } = [];

    /// <summary>The question of a poll and its answers.</summary>
    public IReadOnlyList<string> Poll { get; init; } = [];
}
