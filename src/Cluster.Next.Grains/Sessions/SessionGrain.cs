using System.Text.Json;
using Cluster.Core.Access;
using Cluster.Core.Grains;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Logs;

namespace Cluster.Next.Grains.Sessions;

/// <summary>One session: its mailbox, its clients, its allowlist. Core decides; this carries it out.</summary>
[GrainType("session")]
internal sealed partial class SessionGrain : LogGrain<SessionState>, ISessionTalk, ISessionViews, ISessionAccess, ISessionAttachments, ISessionTools
{
    private readonly SessionId _id;
    private readonly GrainLogs _logs;
    private readonly SessionLimits _limits;
    private readonly PushEffect _push;

    public SessionGrain(GrainLogs logs, SessionLimits limits)
        : base(logs, SessionRecords.Kinds, SessionJson.Default.SessionState)
    {
        _logs = logs;
        _limits = limits;
        _id = SessionId.Parse(Log.Key);
        _push = new PushEffect(this);
        Add(_push);
    }

    public Task<bool> MayAsync(Caller caller, Act act, CancellationToken ct) =>
        ViewAsync(state => state.Exists && state.Allowlist.May(_id.Owner, Actor(caller), act));

    public Task<SessionView?> ViewAsync(Caller caller, CancellationToken ct) => ViewAsync(state => View(state, Actor(caller)));

    public Task<bool> MakeAsync(Caller caller, CancellationToken ct) =>
        TurnAsync(state => state.Allowlist.May(_id.Owner, Actor(caller), Act.Own) ? state.Make(_id, caller.Identity, Now) : false);

    public Task<AccessView?> AccessAsync(Caller caller, CancellationToken ct) =>
        ViewAsync(state => state.Exists && state.Allowlist.May(_id.Owner, Actor(caller), Act.Own)
            ? new AccessView { Version = state.Allowlist.Version, Entries = [.. state.Allowlist.Entries.Select(entry => new AccessEntryView { Identity = entry.Identity, Role = entry.Role, By = entry.By, At = entry.At })] }
            : null);

    public Task<bool> GrantAsync(Caller caller, string identity, Role role, CancellationToken ct) =>
        TurnAsync(state => state.Grant(_id, Actor(caller), identity, role, Now));

    public Task<bool> RevokeAsync(Caller caller, string identity, Role role, CancellationToken ct) =>
        TurnAsync(state => state.Revoke(_id, Actor(caller), identity, role));

    public async Task<Said> HearAsync(Words words, CancellationToken ct)
    {
        var message = words.ToMessage();
        return Said.Of(await TurnAsync(Keys(message), (state, known) => Accept(state, message, known, direct: true)));
    }

    protected override Decision<bool> Due(SessionState state, DateTimeOffset now) => state.Due(now);

    protected override Reception<SessionState> Receive(Envelope envelope)
    {
        switch (envelope.Kind)
        {
            case SessionMessage.Kind:
                var message = SessionEnvelopes.Message(envelope.Body);
                return new((state, known) => Accept(state, message, known, direct: false)
                    .Select(result => JsonSerializer.Serialize(result, SessionJson.Default.MessageResult)))
                {
                    Keys = Keys(message),
                };
            case StandingRaised.Kind:
                var raised = SessionEnvelopes.Standing(envelope.Body);
                return new((state, _) => state.Hear(_id, raised).Select(_ => "true"));
            default:
                return base.Receive(envelope);
        }
    }

    private Decision<MessageResult> Accept(SessionState state, SessionMessage message, IReadOnlyList<KnownKey> known, bool direct) =>
        state.Accept(_id, message, known.Count > 0 ? known[0] : null, _limits.MailboxWaiting, Now, direct);

    private static IReadOnlyList<(string Scope, string Key)> Keys(SessionMessage message) =>
        message.ClientId is { } client ? [(SessionState.MessageScope, $"{message.Sender.Identity} {client}")] : [];

    private static Actor Actor(Caller caller) => new(caller.Identity, caller.Principal, caller.Standing);

    private SessionView? View(SessionState state, Actor who)
    {
        if (!state.Exists || !state.Allowlist.May(_id.Owner, who, Act.Find))
        {
            return null;
        }

        var watches = state.Allowlist.May(_id.Owner, who, Act.Watch);
        return new SessionView
        {
            Roles = state.Allowlist.May(_id.Owner, who, Act.Own)
                ? ["owner"]
                : [.. new[] { (Act.Talk, "talk"), (Act.Approve, "approve"), (Act.Watch, "watch") }.Where(role => state.Allowlist.May(_id.Owner, who, role.Item1)).Select(role => role.Item2)],
            Attached = state.Attachments.Attached is not null,
            Client = state.Attachments.Client,
            AttachedAt = state.Attachments.AttachedAt,
            LastCallAt = state.ToolCalls.LastAt,
            Waiting = state.Mailbox.Waiting.Concat(state.Mailbox.Sent).Count(item => watches || item.Sender == who.Identity),
            Position = Position,
        };
    }
}

/// <summary>How much a session may hold.</summary>
public sealed record SessionLimits
{
    /// <summary>Events that may wait.</summary>
    public int MailboxWaiting { get; init; } = 10_000;
}
