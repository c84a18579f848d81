using Cluster.Core.Grains;
using Cluster.Core.Grains.Sessions;

namespace Cluster.Next.Grains.Sessions;

/// <summary>A session as users' grains talk to it.</summary>
[Alias("session-talk")]
public interface ISessionTalk : IGrainWithStringKey
{
    /// <summary>Takes what a person says who has met the session before; answered when it is durable.</summary>
    [Alias("hear")]
    Task<Said> HearAsync(Words words, CancellationToken ct);
}

/// <summary>What a person says, as that person's own grain has proved it.</summary>
[GenerateSerializer, Immutable, Alias("words")]
public sealed record Words
{
    [Id(0)]
    public required string Identity { get; init; }

    [Id(1)]
    public required string Principal { get; init; }

    [Id(2)]
    public required long Standing { get; init; }

    [Id(3)]
    public required string Text { get; init; }

    [Id(4)]
    public required string ChatId { get; init; }

    /// <summary>The sender's own id of it: a repeat enters once.</summary>
    [Id(5)]
    public required string? ClientId { get; init; }

    [Id(6)]
    public required DateTimeOffset At { get; init; }

    public static Words Of(SessionMessage message) => new()
    {
        Identity = message.Sender.Identity,
        Principal = message.Sender.Principal,
        Standing = message.Sender.Standing,
        Text = message.Text,
        ChatId = message.ChatId,
        ClientId = message.ClientId,
        At = message.At,
    };

    public SessionMessage ToMessage() => new()
    {
        Sender = new Actor(Identity, Principal, Standing),
        Text = Text,
        ChatId = ChatId,
        ClientId = ClientId,
        At = At,
    };
}

/// <summary>What became of it.</summary>
[GenerateSerializer, Immutable, Alias("said")]
public sealed record Said
{
    /// <summary>One of <see cref="MessageResult"/>'s states, or <c>pending</c>: it is kept and will get there, but the session has not answered in time.</summary>
    [Id(0)]
    public required string State { get; init; }

    [Id(1)]
    public long EventId { get; init; }

    [Id(2)]
    public int Limit { get; init; }

    public static Said Of(MessageResult result) => new() { State = result.State, EventId = result.EventId, Limit = result.Limit };
}
