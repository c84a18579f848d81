using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cluster.Core.Webhooks;

namespace Cluster.Core.Api;

// The node's HTTP API under /api as both sides see it. Bearer token on every call but POST /api/login. A refusal is a
// problem document (RFC 9457) whose `detail` is one sentence for a person.

/// <summary>GET /api/me.</summary>
public sealed record Me
{
    public required string Principal { get; init; }
    public required bool Admin { get; init; }
    public required string NodeVersion { get; init; }
    public required string Engine { get; init; }
    public required string Url { get; init; }
}

/// <summary>GET /api/nodes: one node of the cluster.</summary>
public sealed record NodeInfo
{
    /// <summary>Another one with every start.</summary>
    public required string Id { get; init; }

    /// <summary>As its operator calls it, such as the pod's name.</summary>
    public required string Name { get; init; }

    public required string Version { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Seconds since it last said that it lives, by the engine's clock; it does so every two.</summary>
    public required double HeartbeatAgeSeconds { get; init; }

    /// <summary>Open streams of Claude Code sessions.</summary>
    public required int Attachments { get; init; }

    public required IReadOnlyList<string> Leases { get; init; }

    /// <summary>True for the node that answers.</summary>
    public required bool Here { get; init; }
}

/// <summary>POST /api/principals: lets a person or service in. Admin only.</summary>
public sealed record AddPrincipal
{
    [Required] public required string Name { get; init; }
}

/// <summary>A one-time invitation; the code stands in the URL's fragment and is shown once.</summary>
public sealed record Invitation
{
    public required string Principal { get; init; }
    public required string Url { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>GET /api/principals.</summary>
public sealed record PrincipalInfo
{
    public required string Name { get; init; }
    public required bool Admin { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>POST /api/bots: lets the cluster own a bot of a chat platform. Admin only.</summary>
public sealed record AddBot
{
    [Required] public required string Name { get; init; }

    /// <summary><c>telegram</c> or <c>discord</c>.</summary>
    [Required] public required string Platform { get; init; }

    [Required] public required string Token { get; init; }

    /// <summary>The address of the platform's API; null for the platform's own.</summary>
    public string? BaseUrl { get; init; }

    /// <summary>The platform calls the cluster, instead of being asked.</summary>
    public bool Webhook { get; init; }
}

/// <summary>PUT /api/bots/{name}/mode: how a bot hears. Admin only.</summary>
public sealed record SetBotMode
{
    [Required] public required bool Webhook { get; init; }
}

/// <summary>GET /api/bots.</summary>
public sealed record BotInfo
{
    public required string Name { get; init; }
    public required string Platform { get; init; }
    public required string AccountId { get; init; }

    /// <summary>The name by which people mention it, without @.</summary>
    public required string AccountName { get; init; }

    /// <summary>A pairing code at its end makes it a link that pairs; null where there is no such thing.</summary>
    public string? PairingLink { get; init; }

    /// <summary>What keeps it from working, and what to do; null when nothing does.</summary>
    public string? Problem { get; init; }

    /// <summary>When the platform answered last.</summary>
    public DateTimeOffset? HeardAt { get; init; }

    /// <summary>Until then its platform turns away some of what it sends; null when it does not.</summary>
    public DateTimeOffset? LimitedUntil { get; init; }

    /// <summary>The node that receives and sends for it; null when none does.</summary>
    public string? Node { get; init; }

    /// <summary>The platform calls the cluster, instead of being asked.</summary>
    public bool Webhook { get; init; }

    /// <summary>What waits to be sent.</summary>
    public required int Waiting { get; init; }
}

/// <summary>POST /api/pairings: a code that links whoever sends it to a bot with the caller.</summary>
public sealed record NewPairing
{
    public required string Code { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Where to send it.</summary>
    public required IReadOnlyList<BotInfo> Bots { get; init; }
}

/// <summary>GET /api/pairings/HANDLE: the first four characters of a code.</summary>
public sealed record PairingInfo
{
    /// <summary>Who has used it; null while nobody has.</summary>
    public string? Identity { get; init; }

    /// <summary>Display text: anybody may bear any name.</summary>
    public string? Name { get; init; }

    /// <summary>Too many wrong ones were sent for it.</summary>
    public required bool Burnt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>POST /api/pairings/window: strangers who write to a bot get a code for so long.</summary>
public sealed record OpenPairings
{
    /// <summary>1 to 60.</summary>
    [Required] public required int Minutes { get; init; }
}

/// <summary>GET /api/pairings/window: the caller's open window.</summary>
public sealed record PairingWindow
{
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Strangers who were given a code and wait to be confirmed.</summary>
    public required IReadOnlyList<PairingRequestInfo> Requests { get; init; }

    /// <summary>So many wait that nobody further is answered.</summary>
    public required bool Full { get; init; }

    /// <summary>Where to write to.</summary>
    public required IReadOnlyList<BotInfo> Bots { get; init; }
}

/// <summary>A stranger who asks to be paired. Name and text are theirs: anybody may bear any name.</summary>
public sealed record PairingRequestInfo
{
    public required string Identity { get; init; }
    public required string Name { get; init; }

    /// <summary>The beginning of what they wrote.</summary>
    public required string Text { get; init; }

    public required DateTimeOffset AskedAt { get; init; }
}

/// <summary>POST /api/pairings/confirm: a stranger's code, which its holder was given by a bot.</summary>
public sealed record ConfirmPairing
{
    [Required] public required string Code { get; init; }

    /// <summary>Whose account is to be linked; null to learn first who holds the code.</summary>
    public string? Identity { get; init; }
}

/// <summary>Who holds the code, and whose the account is or would be.</summary>
public sealed record ConfirmedPairing
{
    public required PairingRequestInfo Who { get; init; }
    public required string Principal { get; init; }
    public required bool Linked { get; init; }
}

/// <summary>GET /api/identities.</summary>
public sealed record IdentityInfo
{
    public required string Identity { get; init; }
    public required string Principal { get; init; }
    public string? Name { get; init; }
}

/// <summary>POST /api/login: redeems an invitation code.</summary>
public sealed record Login
{
    [Required] public required string Code { get; init; }

    /// <summary>What the new token is for, 64 characters at most: usually the machine's name.</summary>
    public string? Label { get; init; }
}

/// <summary>A new access token. The secret is shown once; the engine keeps its hash.</summary>
public sealed record NewToken
{
    public required string Id { get; init; }
    public required string Principal { get; init; }
    public required string Token { get; init; }
}

/// <summary>POST /api/tokens.</summary>
public sealed record AddToken
{
    public string? Label { get; init; }
}

/// <summary>GET /api/tokens.</summary>
public sealed record TokenInfo
{
    public required string Id { get; init; }
    public required string Principal { get; init; }

    /// <summary><c>access</c> or <c>page</c> (a browser's login).</summary>
    public required string Kind { get; init; }

    public required string Label { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>True for the token that asks.</summary>
    public required bool Current { get; init; }
}

/// <summary>POST /api/page-codes: a single-use link to the page, valid for five minutes.</summary>
public sealed record PageLink
{
    public required string Url { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>GET /api/sessions and GET /api/sessions/{owner}/{name}.</summary>
public sealed record SessionInfo
{
    public required string Id { get; init; }

    /// <summary>What the caller may do: <c>owner</c>, or any of <c>talk</c>, <c>approve</c>, <c>watch</c>.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    public required bool Attached { get; init; }

    /// <summary>The client's own name and version, as it announced them.</summary>
    public string? Client { get; init; }

    public DateTimeOffset? AttachedAt { get; init; }

    /// <summary>Where it works, as its client says, for who may watch: <c>github.com/acme/api</c>.</summary>
    public string? Repository { get; init; }

    public string? Branch { get; init; }

    /// <summary>The last name of its project folder.</summary>
    public string? Folder { get; init; }

    /// <summary>The last tool call. Null: this session has never answered.</summary>
    public DateTimeOffset? LastCallAt { get; init; }

    /// <summary>True while its owner has paused it: nothing new is delivered, and what is for it waits.</summary>
    public bool Paused { get; init; }

    /// <summary>When the pause ends by itself; null for never.</summary>
    public DateTimeOffset? PausedUntil { get; init; }

    /// <summary>Deliveries that wait or are on their way: all of them for who may watch, one's own for others.</summary>
    public required int Waiting { get; init; }

    public required int OpenPermissions { get; init; }
}

/// <summary>POST /api/sessions/{owner}/{name}/pause, for its owner.</summary>
public sealed record PauseSession
{
    /// <summary>For how long, 60 to 2,592,000 (30 days); null until it is resumed.</summary>
    [Range(60, 2_592_000)] public long? Seconds { get; init; }
}

/// <summary>POST /api/sessions/{owner}/{name}/messages.</summary>
public sealed record SendMessage
{
    [Required] public required string Text { get; init; }

    /// <summary>The caller's own id for this message, 64 characters at most; a repeat within 8 days enters once.</summary>
    public string? ClientId { get; init; }
}

/// <summary>The event that a message became.</summary>
public sealed record MessageAccepted
{
    public required string EventId { get; init; }

    /// <summary>True when this client id was seen before; then the id is the first one's.</summary>
    public required bool Duplicate { get; init; }
}

/// <summary>One line of a session's conversation: a message in, a webhook, or an answer out.</summary>
public sealed record ConversationLine
{
    public required string Id { get; init; }

    /// <summary><c>in</c> or <c>out</c>.</summary>
    public required string Direction { get; init; }

    public required string ChatId { get; init; }

    /// <summary>Who wrote it, as an identity.</summary>
    public required string User { get; init; }

    public required string Kind { get; init; }
    public required string Text { get; init; }
    public required DateTimeOffset At { get; init; }
    public string? ReplyTo { get; init; }

    /// <summary>For a line in: its delivery state; <c>dead</c> comes with a reason. For a line out: <c>refused</c>, with a reason, when its
    /// platform did not take it; else null.</summary>
    public string? State { get; init; }

    public string? Reason { get; init; }
}

/// <summary>GET /api/sessions/{owner}/{name}/access.</summary>
public sealed record AccessInfo
{
    public required string Session { get; init; }
    public required string Owner { get; init; }

    /// <summary>The session whose list this is, when this one shares it; only that one's can be changed.</summary>
    public string? Shares { get; init; }

    public required long Version { get; init; }
    public required IReadOnlyList<AccessEntry> Entries { get; init; }

    /// <summary>Webhook sources with a route to this session.</summary>
    public required IReadOnlyList<string> Sources { get; init; }
}

public sealed record AccessEntry
{
    public required string Identity { get; init; }

    /// <summary><c>talk</c>, <c>approve</c> or <c>watch</c>.</summary>
    public required string Role { get; init; }

    public required string GrantedBy { get; init; }
    public required DateTimeOffset GrantedAt { get; init; }
}

/// <summary>GET /api/events: one delivery of one event.</summary>
public sealed record EventInfo
{
    public required string Id { get; init; }
    public required string Session { get; init; }
    public required string Kind { get; init; }

    /// <summary>Which kind of webhook event, such as <c>github.check_run</c>; empty for a chat message.</summary>
    public required string Name { get; init; }

    public required string Sender { get; init; }

    /// <summary>The route that took a webhook's event; null where it went to the source's own session.</summary>
    public string? Route { get; init; }

    public required string State { get; init; }
    public string? Reason { get; init; }
    public required DateTimeOffset At { get; init; }
    public DateTimeOffset? SentAt { get; init; }
    public DateTimeOffset? ReceivedAt { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }

    /// <summary>How often it was written to a client; above 1 it was repeated.</summary>
    public required int Attempts { get; init; }

    /// <summary>What else happened to it, such as a duplicate that was dropped.</summary>
    public required IReadOnlyList<string> History { get; init; }
}

/// <summary>GET /api/permissions: a relayed tool prompt.</summary>
public sealed record PermissionInfo
{
    public required string Id { get; init; }
    public required string Session { get; init; }
    public required string RequestId { get; init; }
    public required string ToolName { get; init; }
    public required string Description { get; init; }
    public required string InputPreview { get; init; }

    /// <summary><c>open</c>, <c>decided</c>, <c>relayed</c>, <c>expired</c> or <c>closed</c>.</summary>
    public required string State { get; init; }

    /// <summary><c>allow</c> or <c>deny</c>, once decided.</summary>
    public string? Behavior { get; init; }

    public string? DecidedBy { get; init; }
    public string? Reason { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>POST /api/permissions/{id}.</summary>
public sealed record Verdict
{
    /// <summary><c>allow</c> or <c>deny</c>.</summary>
    [Required] public required string Behavior { get; init; }
}

/// <summary>POST /api/sources.</summary>
public sealed record AddSource
{
    /// <summary>The sender's kind, such as <c>github</c>; see <see cref="Webhooks.WebhookSenders"/>.</summary>
    [Required] public required string Kind { get; init; }

    [Required] public required string Name { get; init; }
    [Required] public required string Session { get; init; }

    /// <summary>The operator's standing instruction, 4,000 characters at most.</summary>
    public string? Playbook { get; init; }

    public SourceSettings? Settings { get; init; }

    /// <summary>The secret that the sender made; null to have one made here.</summary>
    public string? Secret { get; init; }
}

/// <summary>A new source, or a new secret of one; URL and secret are shown once.</summary>
public sealed record NewSource
{
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required string Url { get; init; }

    /// <summary>Null when the caller brought it.</summary>
    public string? Secret { get; init; }

    public SourceSettings? Settings { get; init; }

    /// <summary>Until when the secret before this one is good too.</summary>
    public DateTimeOffset? OldUntil { get; init; }
}

/// <summary>POST /api/sources/{name}/secret.</summary>
public sealed record RotateSecret
{
    /// <summary>The secret that the sender made; null to have one made here.</summary>
    public string? Secret { get; init; }

    /// <summary>How long the present secret stays good, in hours; 0 ends all but the new one at once.</summary>
    [Range(0, 720)] public double KeepOldHours { get; init; } = 24;
}

/// <summary>POST /api/sources/{name}/authors: whose words count as a member's. The answer has the settings as they are then.</summary>
public sealed record ChangeAuthors
{
    /// <summary>Ids at the sender, never names.</summary>
    public IReadOnlyList<string> Add { get; init; } = [];

    public IReadOnlyList<string> Remove { get; init; } = [];
}

/// <summary>POST /api/sources/{name}/hosts: where the sender's own addresses begin. The answer has the settings as they are then.</summary>
public sealed record ChangeHosts
{
    public IReadOnlyList<string> Add { get; init; } = [];

    public IReadOnlyList<string> Remove { get; init; } = [];
}

/// <summary>POST /api/sources/{name}/payload: whether the session may fetch whole payloads, though strangers may have written in them.</summary>
public sealed record OpenPayload
{
    [Required] public required bool Open { get; init; }
}

/// <summary>POST /api/sources/{name}/test: what became of a sample event, step by step.</summary>
public sealed record SourceTest
{
    public required bool Ok { get; init; }
    public required IReadOnlyList<string> Steps { get; init; }
    public string? EventId { get; init; }
    public string? State { get; init; }
}

/// <summary>GET /api/sources.</summary>
public sealed record SourceInfo
{
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required string Owner { get; init; }
    public required string Session { get; init; }
    public required string Playbook { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public SourceSettings? Settings { get; init; }

    /// <summary>The secrets that are good, the newest first.</summary>
    public IReadOnlyList<SecretInfo> Secrets { get; init => field = value ?? []; } = [];

    /// <summary>Null for a source that does not ask its sender for what failed.</summary>
    public CatchUpInfo? CatchUp { get; init; }

    /// <summary>Who else is listed on it: routes may send its events to sessions of those who accepted.</summary>
    public IReadOnlyList<SourceOwner> Owners { get; init => field = value ?? []; } = []; // an earlier node tells none
}

/// <summary>Where a source asks for deliveries that failed, and how that goes.</summary>
public sealed record CatchUpInfo
{
    /// <summary>The API, and whose hook: <c>https://api.github.com/repos/acme/api</c>.</summary>
    public required string From { get; init; }

    /// <summary>When all was well the last time.</summary>
    public DateTimeOffset? AskedAt { get; init; }

    /// <summary>What is wrong; null when nothing is.</summary>
    public string? Problem { get; init; }

    /// <summary>Deliveries that failed and have not come yet; GitHub is asked for each a few times more.</summary>
    public long Waiting { get; init; }

    /// <summary>Deliveries of the last days for which GitHub is asked no more.</summary>
    public long GivenUp { get; init; }

    /// <summary>True while not all that failed is known yet.</summary>
    public bool More { get; init; }
}

/// <summary>PUT /api/sources/{name}/catch-up: asks GitHub from now on for deliveries that failed. What is left out stays as it was set before.</summary>
public sealed record SetCatchUp
{
    /// <summary><c>acme/api</c>; or the organization.</summary>
    public string? Repository { get; init; }

    public string? Organization { get; init; }

    /// <summary>The hook's number; where none was ever named, it is found by the source's URL.</summary>
    [Range(1, long.MaxValue)] public long? Hook { get; init; }

    /// <summary>The base of an Enterprise Server's API, <c>https://HOST/api/v3</c>; github.com's where none was ever named.</summary>
    public string? Api { get; init; }

    /// <summary>A token that may read and repeat the hook's deliveries. It is not shown again, and goes to no other API than it was given for.</summary>
    public string? Token { get; init; }
}

/// <summary>GET /readyz and the first link of <c>cluster doctor</c>.</summary>
public sealed record NodeHealth
{
    /// <summary><c>ready</c>, <c>stopping</c> or <c>engine away</c>.</summary>
    public required string Status { get; init; }

    public required string Engine { get; init; }
    public string? Detail { get; init; }
}

/// <summary>RFC 9457 problem document, as far as our clients read it.</summary>
public sealed record Problem
{
    public string? Title { get; init; }
    public string? Detail { get; init; }
    public int? Status { get; init; }
    public Dictionary<string, string[]>? Errors { get; init; }
}

/// <summary>What <c>cluster</c> finds on the node's own machine, so that its admin needs no login.</summary>
public sealed record LocalNode
{
    public required string Url { get; init; }

    /// <summary>How other machines reach the node, when it has been told.</summary>
    public string? PublicUrl { get; init; }

    public required string TokenFile { get; init; }
    public required int ProcessId { get; init; }
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    AllowDuplicateProperties = false,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Me))]
[JsonSerializable(typeof(AddPrincipal))]
[JsonSerializable(typeof(Invitation))]
[JsonSerializable(typeof(IReadOnlyList<PrincipalInfo>))]
[JsonSerializable(typeof(Login))]
[JsonSerializable(typeof(NewToken))]
[JsonSerializable(typeof(AddToken))]
[JsonSerializable(typeof(IReadOnlyList<TokenInfo>))]
[JsonSerializable(typeof(PageLink))]
[JsonSerializable(typeof(IReadOnlyList<SessionInfo>))]
[JsonSerializable(typeof(SessionInfo))]
[JsonSerializable(typeof(PauseSession))]
[JsonSerializable(typeof(SendMessage))]
[JsonSerializable(typeof(MessageAccepted))]
[JsonSerializable(typeof(IReadOnlyList<ConversationLine>))]
[JsonSerializable(typeof(AccessInfo))]
[JsonSerializable(typeof(IReadOnlyList<EventInfo>))]
[JsonSerializable(typeof(EventInfo))]
[JsonSerializable(typeof(EventLife))]
[JsonSerializable(typeof(ReplayEvent))]
[JsonSerializable(typeof(Replayed))]
[JsonSerializable(typeof(RedriveEvents))]
[JsonSerializable(typeof(Redriven))]
[JsonSerializable(typeof(IReadOnlyList<PermissionInfo>))]
[JsonSerializable(typeof(PermissionInfo))]
[JsonSerializable(typeof(Verdict))]
[JsonSerializable(typeof(AddSource))]
[JsonSerializable(typeof(NewSource))]
[JsonSerializable(typeof(RotateSecret))]
[JsonSerializable(typeof(ChangeAuthors))]
[JsonSerializable(typeof(ChangeHosts))]
[JsonSerializable(typeof(OpenPayload))]
[JsonSerializable(typeof(SetCatchUp))]
[JsonSerializable(typeof(SourceTest))]
[JsonSerializable(typeof(SourceSettings))]
[JsonSerializable(typeof(IReadOnlyList<SourceInfo>))]
[JsonSerializable(typeof(IReadOnlyList<SourceOwner>))]
[JsonSerializable(typeof(IReadOnlyList<SourceListing>))]
[JsonSerializable(typeof(IReadOnlyList<NodeInfo>))]
[JsonSerializable(typeof(AddBot))]
[JsonSerializable(typeof(SetBotMode))]
[JsonSerializable(typeof(BotInfo))]
[JsonSerializable(typeof(IReadOnlyList<BotInfo>))]
[JsonSerializable(typeof(NewPairing))]
[JsonSerializable(typeof(PairingInfo))]
[JsonSerializable(typeof(OpenPairings))]
[JsonSerializable(typeof(PairingWindow))]
[JsonSerializable(typeof(ConfirmPairing))]
[JsonSerializable(typeof(ConfirmedPairing))]
[JsonSerializable(typeof(IReadOnlyList<IdentityInfo>))]
[JsonSerializable(typeof(RouteList))]
[JsonSerializable(typeof(RoutesAnswer))]
[JsonSerializable(typeof(TestRoutes))]
[JsonSerializable(typeof(RoutesTest))]
[JsonSerializable(typeof(IReadOnlyList<Routing.Route>))]
[JsonSerializable(typeof(NodeHealth))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(LocalNode))]
[JsonSerializable(typeof(AttachmentList))]
[JsonSerializable(typeof(UploadInfo))]
public sealed partial class ApiJson : JsonSerializerContext;
