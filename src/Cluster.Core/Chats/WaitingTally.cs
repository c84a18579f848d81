using Cluster.Core.Sessions;

namespace Cluster.Core.Chats;

/// <summary>What became of the messages of one conversation since the first of them had to wait for its session.</summary>
/// <param name="Waiting">Wait still.</param>
/// <param name="Place">The place of the first of these in the session's queue.</param>
/// <param name="Taken">Reached Claude Code.</param>
/// <param name="Cancelled">Were taken back.</param>
/// <param name="Expired">Waited too long.</param>
/// <param name="Dead">Will not be delivered for another reason.</param>
public sealed record WaitingTally(int Waiting, int Place, int Taken, int Cancelled, int Expired, int Dead)
{
    /// <summary>Its owner has paused the session.</summary>
    public bool Paused { get; init; }

    /// <summary>In words, in Markdown.</summary>
    public string Describe(SessionId session)
    {
        var away = Paused ? "paused" : "not running";
        var text = Waiting switch
        {
            1 => $"`{session}` is {away}. Your message waits, as number {Place} in its queue; answer that message with /cancel to take it back.",
            > 1 => $"`{session}` is {away}. {Waiting} of your messages wait, from number {Place} in its queue on; answer one with /cancel to take it back.",
            _ when Taken > 0 && Paused => $"`{session}` has your {(Taken == 1 ? "message" : "messages")}.",
            _ when Taken > 0 => $"`{session}` is running again and has your {(Taken == 1 ? "message" : "messages")}.",
            _ => $"Nothing of yours waits for `{session}` any more.",
        };
        foreach (var (count, what) in new[]
        {
            (Cancelled, "taken back"), (Expired, "dropped after too long a wait"), (Dead, "dropped: its sender may not talk to this session any more"),
        })
        {
            text += count switch
            {
                0 => "",
                1 => $" One was {what}.",
                _ => $" {count} were {what}.",
            };
        }

        return text;
    }
}
