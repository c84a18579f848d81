using System.Text.RegularExpressions;
using Cluster.Core.Sessions;

namespace Cluster.Core.Chats;

/// <summary>Where people talk with a bot, as every <c>chat_id</c> names it: <c>telegram:184@team</c>, and <c>telegram:-100123/45@team</c>
/// for a topic.</summary>
public sealed partial record ConversationId
{
    public required string Platform { get; init; }

    /// <summary>The platform's id of the chat.</summary>
    public required string Chat { get; init; }

    /// <summary>The platform's id of the topic in it; null outside of topics.</summary>
    public string? Thread { get; init; }

    /// <summary>The bot's name in this cluster.</summary>
    public required string Bot { get; init; }

    public override string ToString() => $"{Platform}:{Chat}{(Thread is null ? "" : $"/{Thread}")}@{Bot}";

    /// <summary>Reads the exact form that the store wrote.</summary>
    public static ConversationId Parse(string stored) =>
        TryParse(stored, out var id) ? id : throw new FormatException($"'{stored}' is no conversation.");

    public static bool TryParse(string? text, out ConversationId id)
    {
        id = null!;
        if (text is null || Form().Match(text) is not { Success: true } match || !Slug.IsValid(match.Groups["bot"].Value))
        {
            return false;
        }

        id = new ConversationId
        {
            Platform = match.Groups["platform"].Value,
            Chat = match.Groups["chat"].Value,
            Thread = match.Groups["thread"] is { Success: true, Value: var thread } ? thread : null,
            Bot = match.Groups["bot"].Value,
        };
        return true;
    }

    [GeneratedRegex(@"\A(?<platform>telegram|discord):(?<chat>-?[0-9]{1,24})(/(?<thread>[0-9]{1,24}))?@(?<bot>.+)\z")]
    private static partial Regex Form();
}
