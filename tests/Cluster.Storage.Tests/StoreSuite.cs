using System.Text;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Storage.Audit;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Nodes;
using Cluster.Storage.Permissions;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Cluster.Storage.Sources;
using Cluster.Storage.Tests.Engines;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Storage.Tests;

/// <summary>What every store's suite stands on: an engine of its own with all stores, a clock that only tests move, alice who owns
/// the session <c>alice/api</c>, and bob who may talk to it.</summary>
public abstract class StoreSuite(TestDatabase database) : IAsyncLifetime
{
    protected static readonly SessionId Api = new("alice", "api");
    protected static readonly Identity Alice = Identity.Console("alice");
    protected static readonly Identity Bob = Identity.Console("bob");
    protected static readonly Identity Carol = Identity.Console("carol");

    private Engine? _engine;
    private int _made;

    protected TestDatabase Database => database;

    protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    protected Engine Engine => _engine!;

    protected SecretBox Box { get; } = new(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());

    protected Caller AliceCalls { get; private set; } = null!;

    protected IAppendStore Appends { get; private set; } = null!;

    protected AccessStore Access => new(Engine);

    protected AuditStore Audit => new(Engine);

    protected ConversationStore Conversations => new(Engine);

    protected MailboxStore Mailboxes => new(Engine);

    protected McpSessionStore McpSessions => new(Engine);

    protected NodeStore Nodes => new(Engine);

    protected PermissionStore Permissions => new(Engine);

    protected PrincipalStore Principals => new(Engine);

    protected SessionStore Sessions => new(Engine);

    protected SourceStore Sources => new(Engine, Box);

    protected SourceSecrets SourceSecrets => new(Engine, Box);

    protected SourceChanges SourceChanges => new(Engine);

    protected ToolCallStore Tools => new(Engine, Limits);

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected virtual MailboxLimits Limits => new();

    protected const string TheSecret = "the-first-secret-of-a-source";

    /// <summary>A GitHub source with that secret.</summary>
    internal static SourceWish Wish(string name, SessionId session) =>
        new() { Kind = "github", Name = name, Session = session, Playbook = "Look into it.", Secret = TheSecret };

    public async ValueTask InitializeAsync()
    {
        await OpenAsync();
        var token = await Principals.EnsureAdminAsync("alice", Ct);
        AliceCalls = (await Principals.AuthenticateAsync(token!, page: false, Ct))!;
        await Sessions.EnsureAsync(Api, "test", Ct);
        foreach (var name in new[] { "bob", "carol" })
        {
            var (code, _) = await Principals.InviteAsync(name, AliceCalls, Ct);
            await Principals.RedeemAsync(code, "laptop", Ct);
        }

        await Access.AllowAsync(Api, Bob, Role.Talk, Alice, Ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
        {
            await _engine.DisposeAsync();
        }

        await database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Stops the engine as a graceful node does and starts it again on the same database.</summary>
    protected async Task ReopenAsync()
    {
        await Nodes.LeaveAsync(Ct);
        await Engine.DisposeAsync();
        _engine = null;
        await OpenAsync();
    }

    protected async Task<long> VersionAsync(SessionId? session = null) => (await Access.FindAsync(session ?? Api, Ct))!.Version;

    /// <summary>A message of bob's, decided on the allowlist as it stands.</summary>
    protected async Task<Submission> MessageAsync(string text = "hello", Identity? from = null, params string[] keys) => new()
    {
        Session = Api,
        Sender = from ?? Bob,
        AccessVersion = await VersionAsync(),
        Kind = EventKind.Chat,
        ChatId = (from ?? Bob).Value,
        Trust = Trust.Member,
        Body = text,
        DedupeKeys = keys,
        At = Clock.GetUtcNow(),
    };

    protected async Task<AppendOutcome> AppendAsync(Submission submission) => (await AppendAsync([submission], Ct)).Single();

    /// <summary>One commit of many, in their order.</summary>
    protected Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<Submission> submissions, CancellationToken ct) =>
        Appends.AppendAsync([.. submissions.Select(Appender.Pack)], ct);

    /// <summary>Appends a message and returns its event's id.</summary>
    protected async Task<long> AcceptAsync(string text = "hello", Identity? from = null) =>
        Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await MessageAsync(text, from))).EventId;

    /// <summary>Somebody with a new token of their own.</summary>
    protected async Task<Caller> CallerAsync(string name)
    {
        var (code, _) = await Principals.InviteAsync(name, AliceCalls, Ct);
        var token = (await Principals.RedeemAsync(code, "laptop", Ct))!;
        return (await Principals.AuthenticateAsync(token.Token, page: false, Ct))!;
    }

    /// <summary>A client that has initialized and listens on a stream, as far as it is let.</summary>
    protected async Task<Client> ConnectAsync(string? tokenId = null, SessionId? session = null)
    {
        var id = $"mcp-{++_made}";
        await McpSessions.InitializeAsync(id, tokenId ?? AliceCalls.TokenId, session ?? Api, "2025-11-25", "claude-code 2.1.330", Ct);
        await McpSessions.InitializedAsync(id, Ct);
        return await ListenAsync(new Client(id, "", session ?? Api, 0, AttachOutcome.Gone));
    }

    /// <summary>The same client opens another stream.</summary>
    protected async Task<Client> ListenAsync(Client client)
    {
        var stream = $"stream-{++_made}";
        var (outcome, epoch) = await McpSessions.AttachAsync(client.Id, stream, justOpened: true, Ct);
        return client with { Stream = stream, Epoch = epoch, Outcome = outcome };
    }

    /// <summary>The client's stream asks once more, as it does at every wake-up.</summary>
    protected async Task<Client> AskAsync(Client client)
    {
        var (outcome, epoch) = await McpSessions.AttachAsync(client.Id, client.Stream, justOpened: false, Ct);
        return client with { Epoch = epoch, Outcome = outcome };
    }

    protected Task<NextBatch> TakeAsync(Client client) =>
        Mailboxes.TakeAsync(client.Session, client.Id, new BatchId(client.Epoch, ++_made), Ct);

    protected async Task<NextBatch.Ready> ReadyAsync(Client client) => Assert.IsType<NextBatch.Ready>(await TakeAsync(client));

    protected async Task<bool> ConfirmAsync(Client client, BatchId batch, SessionId? session = null) =>
        (await Mailboxes.ConfirmAsync([new Confirmation(session ?? client.Session, client.Id, batch)], Ct)).Single();

    /// <summary>Everything that waits is taken and confirmed.</summary>
    protected async Task DeliverAsync(Client client)
    {
        while (await TakeAsync(client) is NextBatch.Ready ready)
        {
            Assert.True(await ConfirmAsync(client, ready.Id));
        }
    }

    protected async Task<string> StateAsync(long eventId, SessionId? session = null)
    {
        var info = (await Conversations.FindAsync(session ?? Api, eventId, Ct))!.Info;
        return info.Reason is null ? info.State : $"{info.State}({info.Reason})";
    }

    protected async Task<List<AuditRow>> AuditedAsync(string action) =>
        (await Audit.LatestAsync(1_000, Ct)).Where(row => row.Action == action).ToList();

    protected async Task<long> CountAsync(string table) =>
        (await Engine.ReadAsync(db => db.NumberAsync($"SELECT COUNT(*) FROM {table}"), Ct))!.Value;

    protected static IEnumerable<long> Ids(NextBatch.Ready batch) => batch.Deliveries.Select(delivery => delivery.EventId);

    protected static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private async Task OpenAsync()
    {
        _engine = await database.OpenAsync(Clock);
        Appends = _engine.Appends(Limits);
    }

    /// <summary>One MCP session with its latest stream, and what it was last told.</summary>
    protected sealed record Client(string Id, string Stream, SessionId Session, long Epoch, AttachOutcome Outcome);
}
