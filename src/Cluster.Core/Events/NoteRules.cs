using Cluster.Core.Access;
using Cluster.Core.Sessions;

namespace Cluster.Core.Events;

/// <summary>
/// How far notes travel from session to session. No session can prove which note made it write another one, so every note that was
/// sent to it lately counts: what it writes is one step further than the farthest of them.
/// </summary>
public static class NoteRules
{
    public const int MaxHops = 3;

    /// <summary>How long a note that was sent to a session counts for what that session writes.</summary>
    public static readonly TimeSpan CountedFor = TimeSpan.FromMinutes(10);

    /// <param name="farthest">The most hops of a note that was lately sent to the session; 0 when there was none.</param>
    /// <returns>The hops of what it writes now, or null when that would be too many.</returns>
    public static int? NextHop(int farthest) => farthest >= MaxHops ? null : farthest + 1;

    /// <summary>Whether a note of this session can say whom to answer: its identity must fit an attribute.</summary>
    public static bool CanSign(SessionId session) => Identity.Session(session).Value.Length <= Framing.MaxMetaLength;
}
