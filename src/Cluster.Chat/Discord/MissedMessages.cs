namespace Cluster.Chat.Discord;

/// <summary>Asks for what was said while no session listened, where people had talked to the bot before. Presses cannot be asked for; their
/// time to be answered is over anyhow.</summary>
internal sealed class MissedMessages(DiscordApi api, IChatInbox inbox, string bot, TimeProvider clock)
{
    private const int MostPages = 20;

    /// <summary>Returns once all are taken.</summary>
    /// <returns>The whereabouts after them.</returns>
    /// <exception cref="HttpRequestException">Discord is away or fails: ask again.</exception>
    public async Task<Whereabouts> TakeAsync(Whereabouts at, CancellationToken ct)
    {
        foreach (var channel in at.Channels.Reverse())
        {
            var last = channel.Message;
            for (var page = 0; page < MostPages; page++)
            {
                var messages = await ReadAsync(channel.Channel, last, ct);
                var updates = messages
                    // This call tells neither the guild nor whether a text was there before it was edited.
                    .Select(message => DiscordUpdates.Written(message with { GuildId = channel.Private ? null : "", EditedTimestamp = null }, bot))
                    .OfType<ChatUpdate>()
                    .ToList();
                if (updates.Count > 0)
                {
                    at = at.After(updates, await inbox.TakeAsync(updates, ct));
                }

                if (messages.Count < DiscordRoute.PageSize)
                {
                    break;
                }

                last = messages[^1].Id!;
            }
        }

        return at;
    }

    /// <summary>From the oldest on; none where the bot may no longer look.</summary>
    private async Task<List<DiscordMessage>> ReadAsync(string channel, string after, CancellationToken ct)
    {
        while (true)
        {
            switch (await api.CallAsync(DiscordRoute.MessagesAfter(channel, after), null, ct))
            {
                case DiscordAnswer.Later(var wait):
                    await Task.Delay(wait, clock, ct);
                    break;
                case DiscordAnswer.Done(var body) when DiscordJson.Read(body, DiscordJson.Default.IReadOnlyListJsonElement) is { } page:
                    return [.. page
                        .Select(message => DiscordJson.Read(message, DiscordJson.Default.DiscordMessage))
                        .OfType<DiscordMessage>()
                        .Where(message => Snowflake.IsValid(message.Id))
                        .OrderBy(message => ulong.Parse(message.Id!))];
                default:
                    return [];
            }
        }
    }
}
