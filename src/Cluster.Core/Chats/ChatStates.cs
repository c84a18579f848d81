namespace Cluster.Core.Chats;

/// <summary>How the state of a delivery is shown under the message that it is of.</summary>
public static class ChatStates
{
    /// <summary>An emoji that says so, of those that a bot may use (Telegram Bot API: ReactionTypeEmoji); null for none.</summary>
    public static string? Emoji(string state, bool attached) => state switch
    {
        "queued" when !attached => "😴",
        "received" => "👀",
        "answered" => "👌",
        "expired" or "dead" => "💔",
        _ => null,
    };

    /// <summary>Nothing comes after it.</summary>
    public static bool IsEnd(string state) => state is "answered" or "expired" or "dead" or "filtered" or "folded" or "healed";
}

/// <summary>The lanes of the outbox: a lower one is sent first.</summary>
public static class Lanes
{
    public const int Approvals = 0;
    public const int Answers = 1;
    public const int States = 2;

    /// <summary>Lines of the cluster's own about what waits, which nothing else has to wait for.</summary>
    public const int Lines = 3;

    /// <summary>What a route has people told, which may be much and holds nothing else up.</summary>
    public const int Told = 4;
}
