namespace Cluster.Chat.Discord;

/// <summary>Fetches what people sent, from Discord's own hosts only. An attachment's link runs out, so the message is asked for a fresh one
/// (Discord: API Reference, signed attachment CDN URLs).</summary>
internal sealed class DiscordDownloads(DiscordApi api)
{
    /// <exception cref="HttpRequestException">Discord is away or fails, or asks to wait: try again.</exception>
    public async Task<FetchOutcome> FetchAsync(string fileId, long most, CancellationToken ct)
    {
        if (fileId.Split('/') is not [var channel, var message, var id]
            || !Snowflake.IsValid(channel) || !Snowflake.IsValid(message) || !Snowflake.IsValid(id))
        {
            return new FetchOutcome.Refused("That is no file of Discord.");
        }

        switch (await api.CallAsync(DiscordRoute.Message(channel, message), null, ct))
        {
            case DiscordAnswer.Later(var wait):
                throw new HttpRequestException($"Discord asks to wait for {wait.TotalSeconds:0.#} s.");
            case DiscordAnswer.Refused(var reason):
                return new FetchOutcome.Refused($"Discord does not show the message with this file: {reason}");
            case DiscordAnswer.Done(var body):
                var file = DiscordJson.Read(body, DiscordJson.Default.DiscordMessage)?.Attachments?.FirstOrDefault(one => one?.Id == id);
                return file is null ? new FetchOutcome.Refused("The file is no longer in its message.")
                    : file.Size > most ? new FetchOutcome.Refused(FetchedFile.TooLarge(file.Size.Value, most))
                    : Uri.TryCreate(file.Url, UriKind.Absolute, out var address) && api.IsOwn(address) ? await api.DownloadAsync(address, most, ct)
                    : new FetchOutcome.Refused("Discord names an address for this file that is not its own; nothing is fetched from there.");
            default:
                throw new InvalidOperationException("No such answer.");
        }
    }
}
