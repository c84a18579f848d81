using System.Text.RegularExpressions;

namespace Cluster.Chat.Telegram;

/// <summary>Fetches what people sent, from the bot's own server only.</summary>
internal sealed partial class TelegramDownloads(TelegramApi api)
{
    private const int LongestPath = 512;

    /// <exception cref="HttpRequestException">Telegram is away or fails, or asks to wait: try again.</exception>
    public async Task<FetchOutcome> FetchAsync(string fileId, long most, CancellationToken ct)
    {
        if (!IdShape().IsMatch(fileId))
        {
            return new FetchOutcome.Refused("That is no file of Telegram.");
        }

        var answer = await api.GetFileAsync(new(fileId), ct);
        if (!answer.Ok)
        {
            return answer switch
            {
                { ErrorCode: 429 } => throw new HttpRequestException($"Telegram asks to wait for {answer.Wait().TotalSeconds:0} s."),
                { Description: { } reason } when reason.Contains("file is too big", StringComparison.OrdinalIgnoreCase) =>
                    // Telegram Bot API: getFile, "bots can download files of up to 20MB in size".
                    new FetchOutcome.Refused("Telegram hands out files of up to 20 MB to bots; this one is larger. Ask for it in parts, or by a link."),
                _ => new FetchOutcome.Refused($"Telegram does not hand this file out: {answer.Description}"),
            };
        }

        var file = TelegramApi.Read("getFile", answer, TelegramJson.Default.TelegramStoredFile);
        if (file.FileSize > most)
        {
            return new FetchOutcome.Refused(FetchedFile.TooLarge(file.FileSize.Value, most));
        }

        return file.FilePath switch
        {
            ['/', ..] or [_, ':', '\\' or '/', ..] => new FetchOutcome.Refused(
                "This bot's Telegram server runs with --local and names files on its own disk, which cannot be read from here. Start it without --local."),
            { } path when Escape(path) is { } escaped => await api.DownloadAsync(escaped, most, ct),
            _ => new FetchOutcome.Refused("Telegram names no file that could be fetched."),
        };
    }

    /// <summary>A path below the bot's own files, each part escaped; null for what would lead elsewhere.</summary>
    private static string? Escape(string path)
    {
        var parts = path.Split('/');
        return path.Length <= LongestPath && parts.All(part => part is not ("" or "." or "..") && PartShape().IsMatch(part))
            ? string.Join('/', parts.Select(Uri.EscapeDataString))
            : null;
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,256}\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdShape();

    // Neither what ends a path nor what begins another address; a percent sign could hide either.
    [GeneratedRegex(@"^[^\p{C}\\:?#%@]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex PartShape();
}
