using System.Globalization;

namespace Cluster.Chat.Discord;

/// <summary>A channel where people talk to the bot, and the last message that was taken from it.</summary>
internal sealed record HeardIn(string Channel, string Message, bool Private)
{
    /// <summary>Null for a line that nobody kept.</summary>
    public static HeardIn? Parse(string line) =>
        line.Split(' ') is [var channel, var message, "p" or "g"] && Snowflake.IsValid(channel) && Snowflake.IsValid(message)
            ? new(channel, message, line.EndsWith('p'))
            : null;

    public override string ToString() => $"{Channel} {Message} {(Private ? 'p' : 'g')}";
}

/// <summary>All that the next receiver wants to know: where each session is, and where people whom the cluster knows talked, in case one is lost.</summary>
/// <param name="Points">One for each connection; null for one whose session is over. There is at least one.</param>
/// <param name="Channels">Of all connections together: which of them hears a channel depends on how many there are.</param>
internal sealed record Whereabouts(IReadOnlyList<ResumePoint?> Points, IReadOnlyList<HeardIn> Channels)
{
    private const int MostChannels = 50;
    private const int MostShards = 1_000;
    private const string Shards = "shards ";

    public static Whereabouts Parse(string? text)
    {
        var lines = (text ?? "").Split('\n');
        // One connection is kept without saying how many, as it always was.
        return lines[0].StartsWith(Shards, StringComparison.Ordinal)
            && int.TryParse(lines[0].AsSpan(Shards.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var shards)
            && shards is > 1 and <= MostShards && lines.Length > shards
                ? new([.. lines[1..(shards + 1)].Select(ResumePoint.Parse)], Read(lines[(shards + 1)..]))
                : new([ResumePoint.Parse(lines[0])], Read(lines[1..]));
    }

    /// <summary>With no session at all, over so many connections.</summary>
    public Whereabouts Anew(int shards) => this with { Points = new ResumePoint?[Math.Clamp(shards, 1, MostShards)] };

    public Whereabouts At(int shard, ResumePoint? point) =>
        this with { Points = [.. Points.Select((old, index) => index == shard ? point : old)] };

    /// <summary>With what was taken now; where a known person talked last is kept longest. Strangers bring no place in and push none out.</summary>
    /// <param name="taken">What was taken.</param>
    /// <param name="known">The keys of what known people said.</param>
    public Whereabouts After(IReadOnlyList<ChatUpdate> taken, IReadOnlySet<string> known)
    {
        var at = this;
        foreach (var message in taken.OfType<ChatUpdate.Message>().Where(message => !message.Edited))
        {
            var now = new HeardIn(message.Place.Chat, message.MessageId, message.Place.Private);
            var before = at.Channels.FirstOrDefault(heard => heard.Channel == now.Channel);
            if (known.Contains(message.Key) && (before is not null || message.ForBot))
            {
                at = at.With(now);
            }
            else if (before is not null)
            {
                at = at with { Channels = [.. at.Channels.Select(heard => heard == before ? now : heard)] };
            }
        }

        return at;
    }

    /// <summary>Another session, or a channel that was not known: what no older whereabouts can make up for by being told more again.</summary>
    public bool IsElsewhere(Whereabouts before) =>
        !Points.Select(point => point?.Session).SequenceEqual(before.Points.Select(point => point?.Session))
        || Channels.Any(heard => !before.Channels.Any(known => known.Channel == heard.Channel));

    public Whereabouts With(HeardIn now) =>
        this with { Channels = [now, .. Channels.Where(heard => heard.Channel != now.Channel).Take(MostChannels - 1)] };

    public override string ToString() => string.Join(
        '\n',
        [.. Points.Count > 1 ? [$"{Shards}{Points.Count}"] : Array.Empty<string>(), .. Points.Select(point => $"{point}"), .. Channels.Select(heard => $"{heard}")]);

    private static HeardIn[] Read(string[] lines) => [.. lines.Select(HeardIn.Parse).OfType<HeardIn>().Take(MostChannels)];
}
