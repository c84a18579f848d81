namespace Cluster.Chat;

/// <summary>A file that a bot shall send.</summary>
public sealed record ChatUpload
{
    /// <summary>What people see; safe to be shown.</summary>
    public required string Name { get; init; }

    /// <summary>Such as <c>image/png</c>.</summary>
    public required string MediaType { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Opens its content, from its start each time.</summary>
    public required Func<CancellationToken, Task<Stream>> OpenAsync { get; init; }
}

/// <summary>What became of asking a platform for a file.</summary>
public abstract record FetchOutcome
{
    private FetchOutcome()
    {
    }

    /// <param name="Content">The caller's to dispose, read asynchronously. Reading throws <see cref="ChatFileTooLargeException"/> when there is
    /// more than was allowed, whatever was said before, and another <see cref="IOException"/> when the rest does not come.</param>
    /// <param name="Size">Bytes; null where the platform does not tell.</param>
    public sealed record Found(Stream Content, long? Size) : FetchOutcome;

    /// <summary>Too large, or gone.</summary>
    /// <param name="Reason">In plain words.</param>
    public sealed record Refused(string Reason) : FetchOutcome;
}

/// <summary>There is more of a file than was allowed.</summary>
public sealed class ChatFileTooLargeException(long most) : IOException($"The file has more than the {most} bytes that are fetched at the most.");

/// <summary>A bot that can send files.</summary>
public interface ICanSendFiles
{
    /// <summary>How the platform takes them: each group is one post (an album), in order.</summary>
    IReadOnlyList<IReadOnlyList<ChatUpload>> Group(IReadOnlyList<ChatUpload> files);

    /// <summary>Sends one group.</summary>
    /// <param name="place">Where.</param>
    /// <param name="group">As <see cref="Group"/> made it.</param>
    /// <param name="replyTo">The platform's id of the message that it answers; when that is gone the files are sent all the same.</param>
    /// <param name="once">The same for every try.</param>
    /// <param name="ct">Cancels.</param>
    Task<ChatOutcome> PostFilesAsync(ChatPlace place, IReadOnlyList<ChatUpload> group, string? replyTo, string once, CancellationToken ct);
}

/// <summary>A bot that can fetch what people sent. Any node may ask; no lease is needed.</summary>
public interface ICanFetchFiles
{
    /// <param name="fileId">A <see cref="ChatFile.Id"/>.</param>
    /// <param name="most">Bytes.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HttpRequestException">The platform cannot be reached: try again.</exception>
    Task<FetchOutcome> FetchAsync(string fileId, long most, CancellationToken ct);
}
