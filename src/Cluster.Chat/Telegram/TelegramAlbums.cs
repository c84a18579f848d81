using System.Globalization;
using Cluster.Core.Access;

namespace Cluster.Chat.Telegram;

/// <summary>One update as it was read, and the album that it belongs to.</summary>
internal sealed record Told(long Id, ChatUpdate Update, string? Album);

/// <summary>The updates whose albums were put together once. They are put together in the same way whenever they come again, also at another
/// node, and nothing that came later joins them: so they are known by the key of their first, and nothing is lost.</summary>
internal readonly record struct Decided(long First, long Last)
{
    public static Decided None { get; } = new(0, -1);

    public static Decided Parse(string? text) =>
        text?.Split('-') is [var first, var last]
        && long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
        && long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var to)
            ? new(from, to)
            : None;

    public bool Holds(long id) => id >= First && id <= Last;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");
}

/// <summary>Albums. Each of their parts comes as a message of its own, often in another answer than the first, and nothing tells which is the
/// last (Telegram Bot API: Message, media_group_id; tdlib/telegram-bot-api, issue 643): only waiting shows it.</summary>
internal sealed class TelegramAlbums(Decided decided, TimeProvider clock)
{
    /// <summary>Telegram Bot API: sendMediaGroup: more there are never.</summary>
    private const int LongestAlbum = 10;

    /// <summary>Telegram Bot API: getUpdates, limit: a full answer shows nothing newer, however long one waits.</summary>
    private const int LongestPage = 100;

    /// <summary>How long to wait between two looks.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private long? _began;
    private long _grew;
    private int _parts;

    /// <summary>The places where an album may still grow: what was said there waits for it, so that it stays in order.</summary>
    public IReadOnlySet<ChatPlace> Growing(IReadOnlyList<Told> page, int length)
    {
        var open = page
            .Where(told => told.Album is not null && !decided.Holds(told.Id))
            .GroupBy(told => (told.Album, told.Update.Place))
            .Where(album => album.Count() < LongestAlbum)
            .ToList();
        if (open.Count == 0 || length >= LongestPage)
        {
            return new HashSet<ChatPlace>();
        }

        var now = clock.GetTimestamp();
        var parts = open.Sum(album => album.Count());
        (_began, _grew, _parts) = (_began ?? now, parts > _parts ? now : _grew, Math.Max(parts, _parts));
        return clock.GetElapsedTime(_grew, now) < Quiet && clock.GetElapsedTime(_began.Value, now) < Longest
            ? open.Select(album => album.Key.Place).ToHashSet()
            : new HashSet<ChatPlace>();
    }

    /// <summary>Each album as one message, where its first part stood.</summary>
    public static IReadOnlyList<ChatUpdate> Join(IEnumerable<Told> page) =>
        [.. page
            .GroupBy(told => told.Album is null
                ? new Belonging(told.Id, null, null, default)
                : new Belonging(0, told.Album, told.Update.Place, told.Update.Sender.Identity))
            .Select(group => group.Count() == 1 ? group.First().Update : Join([.. group.Select(told => told.Update).OfType<ChatUpdate.Message>()]))];

    private static ChatUpdate.Message Join(IReadOnlyList<ChatUpdate.Message> parts)
    {
        var answers = parts.FirstOrDefault(part => part.ReplyTo is not null) ?? parts[0];
        return parts[0] with
        {
            Text = string.Join('\n', parts.Select(part => part.Text).Where(text => text.Length > 0)),
            ForBot = parts.Any(part => part.ForBot),
            ReplyTo = answers.ReplyTo,
            Quote = answers.Quote,
            QuoteOf = answers.QuoteOf,
            QuotesBot = answers.QuotesBot,
            Files = [.. parts.SelectMany(part => part.Files)],
        };
    }

    /// <summary>Updates with the same one are one message.</summary>
    private readonly record struct Belonging(long Id, string? Album, ChatPlace? Place, Identity Sender);
}
