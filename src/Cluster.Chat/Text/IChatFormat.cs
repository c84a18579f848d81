namespace Cluster.Chat.Text;

/// <summary>How a platform wants its text.</summary>
internal interface IChatFormat
{
    /// <summary>UTF-16 units that a reader sees in one message, at the most.</summary>
    int Limit { get; }

    /// <summary>Replaces what must not reach the platform in any form. Positions stay.</summary>
    RichText Prepare(RichText text);

    /// <summary>Writes from one position to another, as a message of its own.</summary>
    ChatPart Write(RichText text, int start, int end);

    bool Fits(ChatPart part);
}
