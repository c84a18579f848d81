using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Cluster.Chat.Telegram;

/// <summary>Sends files to Telegram. What looks like a photo goes as one, so that people see it; everything else goes as the file that it is.</summary>
internal sealed partial class TelegramUploads(TelegramApi api)
{
    // Telegram Bot API: sending files, "10 MB max size for photos, 50 MB for other files".
    private const long LargestPhoto = 10_000_000;
    private const long LargestFile = 50_000_000;

    /// <summary>Telegram Bot API: sendMediaGroup, "must include 2-10 items".</summary>
    private const int LongestAlbum = 10;

    /// <summary>A request is about as large as its largest file may be; what stands before the Bot API cuts it off by 413 (telegraf/telegraf,
    /// issue 222). The rest is for the form around the files.</summary>
    private const long LargestAlbum = 45_000_000;

    /// <summary>Documents stand in albums of their own kind only (Telegram Bot API: sendMediaGroup, "Documents and audio files can be only
    /// grouped in an album with messages of the same type").</summary>
    public static IReadOnlyList<IReadOnlyList<ChatUpload>> Group(IReadOnlyList<ChatUpload> files) =>
        UploadGroups.Of(files, IsPhoto, LongestAlbum, LargestAlbum, LargestFile);

    /// <summary>Why Telegram would not take a group; null when it may.</summary>
    public static string? RefusalOf(IReadOnlyList<ChatUpload> group) =>
        group.Count is 0 or > LongestAlbum ? $"Telegram takes 1 to {LongestAlbum} files at once."
        : group.FirstOrDefault(file => file.Size > LargestFile) is { } large
            ? $"{large.Name} has {large.Size} bytes; Telegram takes files of bots up to {LargestFile / 1_000_000} MB."
        : group.FirstOrDefault(file => file.Size <= 0) is { } empty ? $"{empty.Name} is empty; Telegram takes no empty files."
        : null;

    /// <summary>Sends a group as one post. Photos that Telegram cannot show go again, as files.</summary>
    public async Task<TelegramAnswer> SendAsync(ChatPlace place, IReadOnlyList<ChatUpload> group, ReplyParameters? reply, CancellationToken ct)
    {
        var photos = group.All(IsPhoto);
        var answer = await SendAsync(place, group, photos, reply, ct);
        if (photos && answer is { Ok: false, ErrorCode: 400, Description: { } reason } && NoPhoto().IsMatch(reason))
        {
            answer = await SendAsync(place, group, photos: false, reply, ct);
        }

        // An album's failure hides what failed in its words: `failed to send message #1 with the error message "Too Many Requests: retry after 8"`.
        return answer is { Ok: false, ErrorCode: 400, Description: { } words } && RetryAfter().Match(words) is { Success: true } wait
            ? answer with { ErrorCode = 429, Parameters = new(int.Parse(wait.Groups[1].ValueSpan, CultureInfo.InvariantCulture)) }
            : answer;
    }

    /// <summary>The ids of what was sent, in order.</summary>
    public static string[] IdsOf(TelegramAnswer answer)
    {
        var sent = answer.Result.ValueKind == JsonValueKind.Array
            ? TelegramApi.Read("sendMediaGroup", answer, TelegramJson.Default.IReadOnlyListTelegramMessageId)
            : [TelegramApi.Read("sendDocument", answer, TelegramJson.Default.TelegramMessageId)];
        return sent.Count > 0 ? [.. sent.Select(one => one.MessageId.ToString(CultureInfo.InvariantCulture))] : [""];
    }

    private async Task<TelegramAnswer> SendAsync(
        ChatPlace place, IReadOnlyList<ChatUpload> group, bool photos, ReplyParameters? reply, CancellationToken ct)
    {
        using var form = new UploadForm();
        form.Add("chat_id", place.Chat);
        if (place.Thread is { } thread)
        {
            form.Add("message_thread_id", thread);
        }

        if (reply is not null)
        {
            form.Add("reply_parameters", JsonSerializer.Serialize(reply, TelegramJson.Default.ReplyParameters));
        }

        var kind = photos ? "photo" : "document";
        if (group.Count == 1)
        {
            if (!photos)
            {
                // Else a file of a certain kind becomes a sticker, an animation or a voice message, and is no longer the file that it was.
                form.Add("disable_content_type_detection", "true");
            }

            form.Add(kind, group[0]);
            return await api.SendFilesAsync(photos ? "sendPhoto" : "sendDocument", form, ct);
        }

        IReadOnlyList<InputMedia> media = [.. group.Select((_, i) => new InputMedia(kind, $"attach://file{i}"))];
        form.Add("media", JsonSerializer.Serialize(media, TelegramJson.Default.IReadOnlyListInputMedia));
        for (var i = 0; i < group.Count; i++)
        {
            form.Add($"file{i}", group[i]);
        }

        return await api.SendFilesAsync("sendMediaGroup", form, ct);
    }

    private static bool IsPhoto(ChatUpload file) =>
        file.MediaType is "image/jpeg" or "image/png" or "image/webp" && file.Size is > 0 and <= LargestPhoto;

    /// <summary>Telegram Bot API: sendPhoto, "The photo's width and height must not exceed 10000 in total. Width and height ratio must be at most
    /// 20". How it says so: PHOTO_INVALID_DIMENSIONS, IMAGE_PROCESS_FAILED and their like (tdlib/td, issue 2544).</summary>
    [GeneratedRegex("PHOTO_|IMAGE_", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NoPhoto();

    [GeneratedRegex("Too Many Requests: retry after ([0-9]{1,5})", RegexOptions.CultureInvariant)]
    private static partial Regex RetryAfter();
}
