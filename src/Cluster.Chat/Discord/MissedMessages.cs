using System.Text.Json;

namespace Cluster.Chat.Discord;

/// <summary>Asks for what was said while no session listened, where people had talked to the bot before. Presses and commands cannot be asked
/// for: Discord gives them three seconds to be answered and tells whoever waits that they failed (Discord: Interactions, interaction
/// callback). Nor can edits: a message is told as it is now.</summary>
internal sealed class MissedMessages(DiscordApi api, IChatInbox inbox, ResumeMemory memory, string bot, TimeProvider clock)
{
    private const int MostPages = 100; // of one channel

    /// <summary>Returns once all are taken.</summary>
    /// <exception cref="HttpRequestException">Discord is away or fails: ask again.</exception>
    public async Task TakeAsync(CancellationToken ct)
    {
        foreach (var channel in memory.At.Channels.Reverse())
        {
            var last = channel.Message;
            for (var page = 0; ; page++)
            {
                if (page == MostPages)
                {
                    inbox.GaveUp(channel.Channel);
                    break;
                }

                var told = await ReadAsync(channel.Channel, last, ct);
                var updates = told
                    .Select(message => DiscordJson.Read(message, DiscordJson.Default.DiscordMessage))
                    .OfType<DiscordMessage>()
                    .Where(message => Snowflake.IsValid(message.Id))
                    .OrderBy(message => ulong.Parse(message.Id!))
                    // This call tells neither the guild nor whether a text was there before it was edited.
                    .Select(message => DiscordUpdates.Written(message with { GuildId = channel.Private ? null : "", EditedTimestamp = null }, bot))
                    .OfType<ChatUpdate>()
                    .ToList();
                if (updates.Count > 0)
                {
                    var known = await inbox.TakeAsync(updates, ct);
                    memory.Move(at => at.After(updates, known));
                }

                // By all that came, whether or not it can be read: one that cannot does not end the others.
                var newest = told.Select(IdOf).OfType<string>().MaxBy(id => ulong.Parse(id));
                if (told.Count < DiscordRoute.PageSize || newest is null || ulong.Parse(newest) <= ulong.Parse(last))
                {
                    break;
                }

                last = newest;
            }
        }
    }

    private static string? IdOf(JsonElement message) =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String
        && DiscordJson.Text(id) is { } text && Snowflake.IsValid(text)
            ? text
            : null;

    /// <summary>As they came; none where the bot may no longer look.</summary>
    private async Task<IReadOnlyList<JsonElement>> ReadAsync(string channel, string after, CancellationToken ct)
    {
        while (true)
        {
            switch (await api.CallAsync(DiscordRoute.MessagesAfter(channel, after), null, ct))
            {
                case DiscordAnswer.Later(var wait):
                    await Task.Delay(wait, clock, ct);
                    break;
                case DiscordAnswer.Done(var body) when DiscordJson.Read(body, DiscordJson.Default.IReadOnlyListJsonElement) is { } page:
                    return page;
                default:
                    return [];
            }
        }
    }
}
