using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;

namespace Cluster.Core.Webhooks;

/// <summary>One kind of sender: how its deliveries are proved, told apart and read.</summary>
public interface IWebhookSender
{
    /// <summary>The word for it in <c>cluster source add</c>: <c>github</c>.</summary>
    string Kind { get; }

    /// <summary>Who it is, for people.</summary>
    string Title { get; }

    /// <summary>Bytes of a body; the sender's own published cap where it has one.</summary>
    int MaxBody => 1024 * 1024;

    /// <summary>Ways to prove deliveries between which the operator chooses once; the first is the default. Empty when there is one way.</summary>
    IReadOnlyList<string> Modes => [];

    /// <summary>True when the sender makes the secret itself, after it was told the URL.</summary>
    bool MakesSecret(SourceSettings settings) => false;

    /// <summary>The platform's own name, where it makes the secret and people must be told so.</summary>
    string Platform => Kind;

    /// <summary>True when a body that cannot be read must be told all the same: the operator's template may have been broken by an alert's text.</summary>
    bool TellsUnreadable => false;

    /// <summary>How it names the people who wrote something; null where its events do not say who that was.</summary>
    AuthorIds? Authors => null;

    /// <summary>True when its events say which repository they are about, and on which host.</summary>
    bool TellsRepository => false;

    /// <summary>Who writes which of the fields that it tells.</summary>
    IReadOnlyList<FieldFact> Facts { get; }

    /// <summary>What is told of each event that it sends; who writes which of it say the <see cref="Facts"/>.</summary>
    IReadOnlyList<EventFacts> Events => [];

    /// <summary>What makes two deliveries the same event, for people.</summary>
    string SameEvent => "";

    /// <summary>The hosts on which its own addresses stand, where the platform has such; a star for a customer's label. A source's own take their place.</summary>
    IReadOnlyList<string> Hosts => [];

    WebhookScheme Scheme(SourceSettings settings);

    /// <summary>Reads a delivery that was proved. What it offers as trusted stays so only by its <see cref="Facts"/>.</summary>
    /// <exception cref="System.Text.Json.JsonException">The body is not what this sender sends at all.</exception>
    WebhookReading Read(WebhookDelivery delivery);

    /// <summary>Events that one delivery may bring.</summary>
    int MostEvents => 1;

    /// <summary>The events of a delivery that brings several, each as a delivery of its own; null when it is one event.</summary>
    /// <exception cref="System.Text.Json.JsonException">The body is none of that form.</exception>
    IReadOnlyList<WebhookDelivery>? Split(WebhookDelivery delivery) => null;

    /// <summary>True when it may ask first, by the name of where it sends from, whether it may send.</summary>
    bool HasOrigins => false;

    /// <summary>The header that names the event, where the body does not say it.</summary>
    string? EventHeader => null;

    /// <summary>The headers with which this sender's sample comes, beside those that prove it.</summary>
    IReadOnlyDictionary<string, string> SampleHeaders(string id) => new Dictionary<string, string>();

    /// <summary>The exact steps at the sender, line by line.</summary>
    IEnumerable<string> Setup(SourceSetup setup);
}

/// <summary>A delivery that was proved.</summary>
public readonly record struct WebhookDelivery(WebhookHeaders Headers, ReadOnlyMemory<byte> Body, SourceSettings Settings);

/// <summary>What a sender read, and how a repeat of it is known.</summary>
public sealed record WebhookReading
{
    /// <summary>For senders that send the same body again on purpose: a reminder must come through.</summary>
    public static readonly TimeSpan Minutes = TimeSpan.FromMinutes(5);

    /// <summary>For bodies that may come again for another event under an id that a resent delivery keeps. The id knows the repeat; this only keeps a
    /// captured one from being sent many times at once under others.</summary>
    public static readonly TimeSpan Seconds = TimeSpan.FromSeconds(10);

    public required WebhookSummary Summary { get; init; }

    /// <summary>What the sender calls this delivery or event; null when it has no name of its own.</summary>
    public string? Id { get; init; }

    /// <summary>True when the id is covered by the proof, so that nobody can send the same body under another one. Not where the proof is of the
    /// body alone: a node of an older version takes every source for one of GitHub, and would take that proof under a header's id.</summary>
    public bool IdIsProved { get; init; }

    /// <summary>What is kept of the body, for the session to fetch; see <see cref="KeptPayload"/>.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Set when the sender must send otherwise, and this would lose something: what it is told.</summary>
    public string? Refused { get; init; }

    /// <summary>How long a repeat is known.</summary>
    public TimeSpan Kept { get; init; } = DedupeKeys.Kept;

    /// <summary>How long the same body is known where its sender may send it again for another event; null for as long as an id. Whoever captured such a
    /// delivery may send it again under another id once that is over: what is signed decides, so nobody makes it shorter for another body.</summary>
    public TimeSpan? BodyKept { get; init; }

    /// <summary>How long the first of <see cref="Keys"/> is known.</summary>
    public TimeSpan FirstKept => Id is null ? LastKept : Kept;

    /// <summary>How long the last of them is, where there are two: the body's.</summary>
    public TimeSpan LastKept => BodyKept ?? Kept;

    /// <param name="scope">The source's.</param>
    /// <param name="hash">The hash of the body that the proof made.</param>
    public IReadOnlyList<string> Keys(KeyScope scope, ReadOnlySpan<byte> hash) => Id is null
        ? [DedupeKeys.Body(scope.Bodies, hash)]
        : IdIsProved ? [DedupeKeys.Delivery(scope.Ids, Id)] : [DedupeKeys.Delivery(scope.Ids, Id), DedupeKeys.Body(scope.Bodies, hash)];
}

/// <summary>What a source's dedupe keys begin with: its path, which no source after it has, so that one of the same name starts anew. Two stay
/// with the name, by which a node of an older version makes its keys: GitHub's ids, and bodies whose bare signature such a node would take.</summary>
public readonly record struct KeyScope(string Ids, string Bodies)
{
    public static KeyScope Of(IWebhookSender sender, SourceSettings settings, string name, string path) => sender is GitHub.GitHubHook
        ? new(name, name)
        : new(path, sender.Scheme(settings).SignsBodyAlone ? name : path);

    /// <summary>That of one of several sessions to which the source's routes send an event.</summary>
    public KeyScope Of(string session) => new($"{Ids}/{session}", $"{Bodies}/{session}");
}

/// <summary>What a person needs to set up the sender's side.</summary>
public sealed record SourceSetup
{
    public required string Name { get; init; }
    public required string Url { get; init; }

    /// <summary>Null when the sender makes it, or when the operator gave it.</summary>
    public string? Secret { get; init; }

    public SourceSettings Settings { get; init; } = SourceSettings.None;

    /// <summary>The secret, or words for one that the operator has already.</summary>
    public string ShownSecret => Secret ?? "(the one that you gave)";
}
