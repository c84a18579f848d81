using System.Text.Json;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Grains.Users;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Logs;
using Cluster.Next.Grains.Sessions;

namespace Cluster.Next.Grains.Users;

/// <summary>What a person does, by one identity.</summary>
[Alias("user-talk")]
public interface IUserTalk : IGrainWithStringKey
{
    /// <summary>Says something to a session. Answered when the session has it durably.</summary>
    [Alias("say")]
    Task<Said> SayAsync(Saying saying, CancellationToken ct);
}

/// <summary>Whose an identity is, and how it stands.</summary>
[Alias("user-standing")]
public interface IUserStanding : IGrainWithStringKey
{
    [Alias("link")]
    Task<bool> LinkAsync(string principal, CancellationToken ct);

    [Alias("standing")]
    Task<long> StandingAsync(CancellationToken ct);

    /// <summary>Ends everything that the identity has begun. Answered when every session in its reach has recorded so, which takes as long as it
    /// takes until the sessions of a frozen node are taken over.</summary>
    [Alias("raise"), ResponseTimeout("00:02:00")]
    Task RaiseAsync(string by, CancellationToken ct);
}

[GenerateSerializer, Immutable, Alias("saying")]
public sealed record Saying
{
    /// <summary>As <c>owner/name</c>.</summary>
    [Id(0)]
    public required string Session { get; init; }

    [Id(1)]
    public required string Text { get; init; }

    [Id(2)]
    public string? ClientId { get; init; }
}

/// <summary>One identity of a person: the only door for what that person does.</summary>
[GrainType("user")]
internal sealed class UserGrain(GrainLogs logs) : LogGrain<UserState>(logs, UserRecords.Kinds, UserJson.Default.UserState), IUserTalk, IUserStanding
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DirectPatience = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _clock = logs.Clock.Local;
    private readonly Turns<LogId> _talks = new();
    private GrainInterfaceType _talk;

    /// <summary>To a session that has met the person the words go directly, so they are written once. Where that fails, and where others are on
    /// their way to it by the outbox, they go by the outbox: they are kept then, whatever becomes of this node. By their id they enter once.</summary>
    public async Task<Said> SayAsync(Saying saying, CancellationToken ct)
    {
        var session = SessionId.Parse(saying.Session);
        var (to, id, since) = (SessionState.Log(session), saying.ClientId ?? Guid.NewGuid().ToString("N"), _clock.GetTimestamp());
        Task<string> answer;
        using (await _talks.TakeAsync(to))
        {
            if (await SayDirectlyAsync(to, saying.Text, id) is { } said)
            {
                return said;
            }

            answer = await BeginTellAsync(to, state => state.Say(Log.Key, session, saying.Text, id, Now));
        }

        try
        {
            var left = Patience - _clock.GetElapsedTime(since);
            var result = await answer.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _clock, CancellationToken.None) is { Length: > 0 } json
                ? JsonSerializer.Deserialize(json, SessionJson.Default.MessageResult)!
                : new MessageResult(MessageResult.Unknown);
            return Said.Of(result);
        }
        catch (TimeoutException)
        {
            return new Said { State = "pending" };
        }
    }

    /// <returns>Null when the session is to be told by the outbox.</returns>
    private async Task<Said?> SayDirectlyAsync(LogId to, string text, string id)
    {
        if (await ViewAsync(state => state.Words(Log.Key, text, id, Now)) is not { } words || Owes(to))
        {
            return null;
        }

        try
        {
            var said = await Talk(to).HearAsync(Words.Of(words), CancellationToken.None).WaitAsync(DirectPatience, _clock);
            return said.State == MessageResult.NotMet ? null : said;
        }
        catch (Exception e) when (Passing.Is(e))
        {
            return null;
        }
    }

    // By its interface alone Orleans reads the interface's attributes anew each time.
    private ISessionTalk Talk(LogId to)
    {
        var id = GrainId.Create(to.Kind, to.Key);
        if (!_talk.IsDefault)
        {
            return (ISessionTalk)GrainFactory.GetGrain(id, _talk);
        }

        var talk = GrainFactory.GetGrain<ISessionTalk>(id);
        _talk = ((GrainReference)talk).InterfaceType;
        return talk;
    }

    public Task<bool> LinkAsync(string principal, CancellationToken ct) => TurnAsync(state => state.Link(principal, Now));

    public Task<long> StandingAsync(CancellationToken ct) => ViewAsync(state => state.Standing);

    public async Task RaiseAsync(string by, CancellationToken ct)
    {
        await TurnAsync(state => state.Raise(by, Now));
        var told = new HashSet<LogId>();
        while (true)
        {
            // Reach is durable before a right works, and what is still on its way is in the outbox: read both until a pass finds none untold.
            var reach = await ReachAsync(ct);
            reach.ExceptWith(told);
            if (reach.Count == 0)
            {
                return;
            }

            await Task.WhenAll(reach.Select(session => TellAsync(session, state => state.TellStanding(Log.Key, session), Timeout.InfiniteTimeSpan)));
            told.UnionWith(reach);
        }
    }

    private async Task<HashSet<LogId>> ReachAsync(CancellationToken ct)
    {
        var reach = (await ReceiversAsync()).Where(log => log.Kind == "session").ToHashSet();
        LogId? after = null;
        while (true)
        {
            var rows = await Index.FindAsync(SessionIndexes.Reach, Log.Key, after, 200, ct);
            reach.UnionWith(rows.Select(row => row.Entry.Grain));
            if (rows.Count < 200)
            {
                return reach;
            }

            after = rows[^1].Entry.Grain;
        }
    }
}
