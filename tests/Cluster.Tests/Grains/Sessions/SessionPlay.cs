using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Grains;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Grains.Sessions;

/// <summary>A session without a grain: decides, takes in what was decided, and remembers the records. Its time stands still unless moved.</summary>
internal sealed class SessionPlay
{
    public static readonly SessionId Id = new("alice", "api");
    public static readonly Actor Alice = new("console:alice", "alice", 0);
    public static readonly Actor Bob = new("console:bob", "bob", 0);

    private readonly Fold<SessionState> _fold = new();

    public SessionPlay(bool made = true)
    {
        Apply(new Claimed("node-1"));
        if (made)
        {
            Do(State.Make(Id, Alice.Identity, Now));
        }
    }

    public SessionState State => _fold.State;

    public long Position => _fold.Position;

    public long Claim => _fold.Claim;

    public DateTimeOffset Now { get; set; } = new(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);

    public List<IRecord> Records { get; } = [];

    public T Do<T>(Decision<T> decision)
    {
        var result = decision.ResultAt(_fold.Position + (decision.Records.Count > 0 ? 1 : 0));
        foreach (var record in decision.Records)
        {
            Apply(record);
        }

        return result;
    }

    /// <summary>Another activation takes over.</summary>
    public void TakeOver() => Apply(new Claimed("node-2"));

    public MessageResult Say(Actor who, string text = "hello", int limit = 100, KnownKey? known = null, bool direct = false) => Do(State.Accept(
        Id, new SessionMessage { Sender = who, Text = text, ChatId = who.Identity, At = Now }, known, limit, Now, direct));

    /// <summary>A client initializes and opens a stream.</summary>
    public AttachResult Attach(string client = "client-1", string stream = "stream-1")
    {
        if (!State.Attachments.McpSessions.ContainsKey(client))
        {
            Do(State.Initialize(Id, client, "token", client, Now));
        }

        return Do(State.Attach(client, "token", stream, justOpened: true, Now));
    }

    public bool Send() => Do(State.Send(Id, Claim, Now));

    public bool Confirm(string client = "client-1", BatchId? batch = null) => Do(State.Confirm(Id, client, batch ?? State.Mailbox.Out!.Value, Now));

    public bool Allow(Actor who, Role role) => Do(State.Grant(Id, Alice, who.Identity, role, Now));

    private void Apply(IRecord record)
    {
        _fold.Apply(record, _fold.Position + 1);
        Records.Add(record);
    }
}
