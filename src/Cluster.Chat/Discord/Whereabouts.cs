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

/// <summary>All that the next receiver wants to know: where the session is, and where people whom the cluster knows talked, in case it is lost.</summary>
internal sealed record Whereabouts(ResumePoint? Point, IReadOnlyList<HeardIn> Channels)
{
    private const int MostChannels = 50;

    public static Whereabouts Parse(string? text) => text?.Split('\n') is [var first, .. var lines]
        ? new(ResumePoint.Parse(first), [.. lines.Select(HeardIn.Parse).OfType<HeardIn>().Take(MostChannels)])
        : new(null, []);

    /// <summary>With what was taken now; where a known person talked last is kept longest. Strangers bring no place in and push none out.</summary>
    /// <param name="taken">What was taken.</param>
    /// <param name="known">The keys of what known people said.</param>
    public Whereabouts After(IReadOnlyList<ChatUpdate> taken, IReadOnlySet<string> known)
    {
        var channels = Channels;
        foreach (var message in taken.OfType<ChatUpdate.Message>().Where(message => !message.Edited))
        {
            var now = new HeardIn(message.Place.Chat, message.MessageId, message.Place.Private);
            var before = channels.FirstOrDefault(heard => heard.Channel == now.Channel);
            if (known.Contains(message.Key) && (before is not null || message.ForBot))
            {
                channels = [now, .. channels.Where(heard => heard != before).Take(MostChannels - 1)];
            }
            else if (before is not null)
            {
                channels = [.. channels.Select(heard => heard == before ? now : heard)];
            }
        }

        return this with { Channels = channels };
    }

    /// <summary>Another session, or a channel that was not known: what no older whereabouts can make up for by being told more again.</summary>
    public bool IsElsewhere(Whereabouts before) =>
        Point?.Session != before.Point?.Session || Channels.Any(heard => !before.Channels.Any(known => known.Channel == heard.Channel));

    public override string ToString() => string.Join('\n', [$"{Point}", .. Channels.Select(heard => $"{heard}")]);
}
