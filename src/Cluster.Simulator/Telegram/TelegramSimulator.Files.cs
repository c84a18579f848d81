using System.Text.Json.Nodes;

namespace Cluster.Simulator.Telegram;

// Files that people send. Each part of an album is a message of its own.
public sealed partial class TelegramSimulator
{
    /// <summary>Somebody sends a file.</summary>
    /// <param name="userId">Who.</param>
    /// <param name="chatId">Where.</param>
    /// <param name="kind">The field that holds it, such as <c>document</c>, <c>voice</c>, <c>audio</c>, <c>video</c>, <c>video_note</c>.</param>
    /// <param name="name">Null where the kind has none.</param>
    /// <param name="caption">Null for none.</param>
    /// <param name="content">A few bytes when it is null.</param>
    /// <param name="album">As <see cref="NewAlbum"/> gave it.</param>
    /// <param name="size">What is said of its size; the truth when it is null.</param>
    /// <returns>The message's id.</returns>
    public long SendFile(
        long userId, long chatId, string kind, string? name = null, string? caption = null, byte[]? content = null, string? album = null, long? size = null) =>
        Tell("message", userId, chatId, null, message =>
        {
            content ??= [1, 2, 3];
            message[kind] = new JsonObject
            {
                ["file_id"] = _methods.Files.Store(kind, content, size),
                ["file_unique_id"] = kind,
                ["file_size"] = size ?? content.Length,
                ["file_name"] = name,
            };
            SetCaption(message, caption);
            SetAlbum(message, album);
        });

    /// <summary>Somebody sends a photo, which Telegram keeps in several sizes.</summary>
    /// <returns>The message's id.</returns>
    public long SendPhoto(long userId, long chatId, byte[]? content = null, string? caption = null, string? album = null) =>
        Tell("message", userId, chatId, null, message =>
        {
            message["photo"] = new JsonArray(Size([9], 90, 60), Size(content ?? [1, 2, 3], 1280, 853), Size([8, 8], 320, 213));
            SetCaption(message, caption);
            SetAlbum(message, album);
        });

    /// <summary>Somebody sends a document.</summary>
    /// <returns>The message's id.</returns>
    public long SendDocument(long userId, long chatId, string name, byte[]? content = null, string? caption = null, string? album = null) =>
        SendFile(userId, chatId, "document", name, caption, content, album);

    /// <summary>Somebody sends photos as an album.</summary>
    /// <returns>The messages' ids.</returns>
    public IReadOnlyList<long> SendAlbum(long userId, long chatId, int photos, string? caption = null)
    {
        var album = NewAlbum();
        return [.. Enumerable.Range(0, photos).Select(i => SendPhoto(userId, chatId, [(byte)i], i == 0 ? caption : null, album))];
    }

    /// <summary>A new album, to send parts of one by one.</summary>
    public string NewAlbum()
    {
        lock (_world.Lock)
        {
            return _methods.Files.NewAlbum();
        }
    }

    private static void SetAlbum(JsonObject message, string? album)
    {
        if (album is not null)
        {
            message["media_group_id"] = album;
        }
    }

    private JsonObject Size(byte[] content, int width, int height) => new()
    {
        ["file_id"] = _methods.Files.Store("photo", content, null),
        ["file_unique_id"] = "photo",
        ["file_size"] = content.Length,
        ["width"] = width,
        ["height"] = height,
    };
}
