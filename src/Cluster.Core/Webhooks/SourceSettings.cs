using System.Text.Json.Serialization;

namespace Cluster.Core.Webhooks;

/// <summary>What one source is besides its kind. Authors, hosts and payload may change; the rest is fixed when it is made.</summary>
public sealed record SourceSettings
{
    public static readonly SourceSettings None = new();

    /// <summary>One of its sender's modes; null for the first. A delivery never chooses it.</summary>
    public string? Mode { get; init; }

    /// <summary>True until the secret that the sender makes was given: meanwhile a delivery can neither be proved nor be refused. Set by the node.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AwaitsSecret { get; init; }

    /// <summary>For <c>generic</c>: where the event's id stands, as a JSON pointer (RFC 6901).</summary>
    public string? Id { get; init; }

    public string? Type { get; init; }
    public string? Title { get; init; }
    public string? Url { get; init; }

    /// <summary>The ids of people at the sender whose words count as a member's; see <see cref="IWebhookSender.Authors"/>.</summary>
    public IReadOnlyList<string>? Authors { get; init; }

    /// <summary>The names under which the sender may ask whether it may send; see <see cref="IWebhookSender.HasOrigins"/>.</summary>
    public IReadOnlyList<string>? Origins { get; init; }

    /// <summary>Where the sender's own addresses begin, if not where its kind's do; see <see cref="Facts.SenderHost"/>. May change.</summary>
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>True when the session may fetch whole payloads, though strangers may have written in them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Payload { get; init; }
}
