namespace Cluster.Chat.Discord;

/// <summary>Asks for what was said while no session listened, where people had talked to the bot before. Presses and commands cannot be asked
/// for: Discord gives them three seconds to be answered and tells whoever waits that they failed (Discord: Interactions, interaction
/// callback). Nor can edits: a message is told as it is now.</summary>
internal sealed class MissedMessages(DiscordApi api, IChatInbox inbox, ResumeMemory memory, string bot, TimeProvider clock)
{
    private const int MostPages = 20;

    /// <summary>Returns once all are taken.</summary>
    /// <exception cref="HttpRequestException">Discord is away or fails: ask again.</exception>
    public async Task TakeAsync(CancellationToken ct)
    {
        foreach (var channel in memory.At.Channels.Reverse())
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
                    var known = await inbox.TakeAsync(updates, ct);
                    memory.Move(at => at.After(updates, known));
                }

                if (messages.Count < DiscordRoute.PageSize)
                {
                    break;
                }

                last = messages[^1].Id!;
            }
        }
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
