using Cluster.Core.Access;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Routes;

/// <summary>Whether the accounts that routes have told may know what goes on in the sessions to which these send. Of sessions that are not the
/// caller's nothing is said but that their owners decide; they are asked when a notice is written.</summary>
internal static class RouteAccounts
{
    /// <returns>What is wrong, and what others have to decide.</returns>
    public static async Task<(List<RouteFault> Faults, List<string> Others)> AskAsync(Turn turn, IReadOnlyList<Route> routes, Caller by)
    {
        var asked = new Dictionary<(SessionId First, SessionId? Next, string Account), (string? Fault, string? Others)>();
        var (faults, others) = (new List<RouteFault>(), new List<string>());
        for (var i = 0; i < routes.Count; i++)
        {
            foreach (var told in Told(routes[i]).Distinct())
            {
                if (!asked.TryGetValue(told, out var answer))
                {
                    asked[told] = answer = await AskAsync(turn, [.. new[] { told.First, told.Next ?? told.First }.Distinct()], new Identity(told.Account), by);
                    others.AddRange(new[] { answer.Others }.OfType<string>().Except(others));
                }

                if (answer.Fault is { } fault)
                {
                    faults.Add(new RouteFault(i, fault, "notify.who"));
                }
            }
        }

        return (faults, others);
    }

    // Who comes next watches the session that has the event first or the one that gets it then.
    private static IEnumerable<(SessionId First, SessionId? Next, string Account)> Told(Route route)
    {
        var first = new[] { route.To, route.Otherwise }.OfType<string>().Select(SessionId.Parse).ToList();
        SessionId? next = route.Escalate?.To is { } to ? SessionId.Parse(to) : null;
        var named = first.Count == 0 && next is { } only ? [only] : first;
        return first.SelectMany(session => route.Notify.Select(account => (session, (SessionId?)null, account)))
            .Concat(named.SelectMany(session => (route.Escalate?.Notify ?? []).Select(account => (session, next, account))));
    }

    // Whether somebody unknown here is paired with another one is nobody's business: who may not watch hears one sentence for both.
    private static async Task<(string? Fault, string? Others)> AskAsync(Turn turn, SessionId[] sessions, Identity who, Caller by)
    {
        SessionId? foreign = null;
        foreach (var session in sessions)
        {
            if (await AccessStore.FindAsync(turn.Db, session) is not { } access || !access.May(by.Identity, Act.Own))
            {
                foreign ??= session;
            }
            else if (access.May(who, Act.Watch))
            {
                return (await NoticeStore.IsPairedAsync(turn.Db, who) ? null : $"'{who}' is not paired with anybody any more. Pair the account: cluster pair.", null);
            }
        }

        if (foreign is { } others)
        {
            return (null, $"'{who}' is told as far as {others.Owner} lets it watch {others}: cluster allow {who} --session {others.Name} --role watch");
        }

        return ($"'{who}' may not watch {string.Join(" or ", sessions)}, so it cannot be told of its events. Pair the account (cluster pair), and let it: "
            + $"cluster allow {who} --session {sessions[^1].Name} --role watch.", null);
    }
}
