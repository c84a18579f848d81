using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Simulator.Telegram;

/// <summary>A file that somebody sent to the bot.</summary>
internal sealed record StoredFile(string Path, byte[] Content, long Size);

/// <summary>The methods that send files and hand them out. Their owner holds the world's lock.</summary>
internal sealed class FileMethods(World world, BotMethods methods, Happenings happenings)
{
    // Telegram Bot API: sending files; getFile.
    private const int LargestPhoto = 10_000_000;
    private const int LargestFile = 50_000_000;
    private const int LargestDownload = 20_000_000;

    private readonly Dictionary<string, StoredFile> _files = [];
    private int _albums;

    /// <summary>What getFile says of the next path instead of the true one.</summary>
    public string? NextPath { get; set; }

    /// <returns>The file's id.</returns>
    public string Store(string kind, byte[] content, long? size)
    {
        var number = _files.Count + 1;
        var id = string.Create(CultureInfo.InvariantCulture, $"file-{kind}-{number}");
        _files[id] = new(string.Create(CultureInfo.InvariantCulture, $"{kind}s/file_{number}.bin"), content, size ?? content.Length);
        return id;
    }

    public StoredFile? At(string path) => _files.Values.FirstOrDefault(file => file.Path == path);

    public string NewAlbum() => string.Create(CultureInfo.InvariantCulture, $"album-{++_albums}");

    /// <exception cref="RefusedException">With the words of the real one.</exception>
    public Answer Get(JsonElement request)
    {
        var id = request.GetProperty("file_id").GetString()!;
        if (!_files.TryGetValue(id, out var file))
        {
            throw RefusedException.Bad("wrong file_id or the file is temporarily unavailable");
        }

        if (file.Size > LargestDownload)
        {
            throw RefusedException.Bad("file is too big");
        }

        var path = NextPath ?? file.Path;
        NextPath = null;
        return new(200, new JsonObject { ["file_id"] = id, ["file_unique_id"] = id, ["file_size"] = file.Size, ["file_path"] = path });
    }

    /// <exception cref="RefusedException">With the words of the real one.</exception>
    public Answer Send(string method, JsonElement request, IReadOnlyDictionary<string, SimulatedFile> files)
    {
        if (method != "sendMediaGroup")
        {
            var kind = method == "sendPhoto" ? "photo" : "document";
            var file = files.GetValueOrDefault(kind) ?? throw RefusedException.Bad($"there is no {kind} in the request");
            return new(200, Write(request, [Checked(file, kind)], files.Count, null)[0]);
        }

        var media = request.GetProperty("media").EnumerateArray().ToList();
        if (media.Count is < 2 or > 10)
        {
            throw RefusedException.Bad(media.Count > 10 ? "too much messages to send as an album" : "too few messages to send as an album");
        }

        if (media.Select(one => one.GetProperty("type").GetString()).Distinct().Count() > 1)
        {
            throw RefusedException.Bad("Documents can't be mixed with other media types in an album");
        }

        var parts = media.Select(one => Checked(Attached(one, files), one.GetProperty("type").GetString()!)).ToList();
        return new(200, new JsonArray([.. Write(request, parts, files.Count, NewAlbum())]));
    }

    private static SimulatedFile Attached(JsonElement media, IReadOnlyDictionary<string, SimulatedFile> files) =>
        media.GetProperty("media").GetString() is ['a', 't', 't', 'a', 'c', 'h', ':', '/', '/', .. var name] && files.TryGetValue(name, out var file)
            ? file
            : throw RefusedException.Bad("wrong file identifier/HTTP URL specified");

    private static SimulatedFile Checked(SimulatedFile file, string kind)
    {
        if (kind is not ("photo" or "document"))
        {
            throw RefusedException.Bad($"media type {kind} is not known here");
        }

        if (file.Content.Length == 0)
        {
            throw RefusedException.Bad("file must be non-empty");
        }

        if (file.Content.Length > LargestFile)
        {
            throw new RefusedException(413, "Request Entity Too Large");
        }

        if (kind == "photo" && (file.Content.Length > LargestPhoto || !file.MediaType.StartsWith("image/", StringComparison.Ordinal)))
        {
            throw RefusedException.Bad("PHOTO_SAVE_FILE_INVALID");
        }

        return file with { Kind = kind };
    }

    private List<JsonNode?> Write(JsonElement request, List<SimulatedFile> parts, int files, string? album)
    {
        if (files != parts.Count)
        {
            throw RefusedException.Bad("there is a file that nothing names");
        }

        var to = methods.Address(request);
        methods.Count(to.Chat.Id, parts.Count);
        var sent = new List<JsonNode?>();
        foreach (var file in parts)
        {
            var message = methods.Write(to);
            message[file.Kind] = file.Kind == "photo"
                ? new JsonArray(new JsonObject { ["file_id"] = "sent", ["width"] = 1, ["height"] = 1 })
                : new JsonObject { ["file_id"] = "sent", ["file_name"] = file.Name };
            if (album is not null)
            {
                message["media_group_id"] = album;
            }

            var shown = BotMethods.Shown(to, message, request) with { Files = [file], Album = album };
            world.Show(shown);
            happenings.Messages.Put(to.Chat.Id, shown);
            sent.Add(message.DeepClone());
        }

        return sent;
    }
}
