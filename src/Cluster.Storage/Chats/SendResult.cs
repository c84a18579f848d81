namespace Cluster.Storage.Chats;

/// <summary>What became of one try to send an item.</summary>
public abstract record SendResult
{
    private SendResult()
    {
    }

    /// <param name="MessageId">The platform's id of the message; null for what is none.</param>
    /// <param name="Last">Nothing more of this item is to be sent.</param>
    public sealed record Sent(string? MessageId, bool Last) : SendResult
    {
        /// <summary>The ids of the others, where one post became several messages.</summary>
        public IReadOnlyList<string> Others { get; init; } = [];
    }

    public sealed record Later(TimeSpan Wait, bool Failed) : SendResult;

    public sealed record Refused(string Reason) : SendResult;
}
