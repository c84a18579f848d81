using System.Text.Json;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Grains.Users;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Logs;

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
}

/// <summary>One identity of a person: the only door for what that person does.</summary>
[GrainType("user")]
internal sealed class UserGrain(GrainLogs logs) : LogGrain<UserState>(logs, UserRecords.Kinds, UserJson.Default.UserState), IUserTalk, IUserStanding
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<Said> SayAsync(Saying saying, CancellationToken ct)
    {
        var session = SessionId.Parse(saying.Session);
        try
        {
            var answer = await TellAsync(
                SessionState.Log(session), state => state.Say(Log.Key, session, saying.Text, saying.ClientId, Now), Patience);
            var result = answer.Length == 0 ? new MessageResult(MessageResult.Unknown) : JsonSerializer.Deserialize(answer, SessionJson.Default.MessageResult)!;
            return new Said { State = result.State, EventId = result.EventId, Limit = result.Limit };
        }
        catch (TimeoutException)
        {
            return new Said { State = "pending" };
        }
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
