using Cluster.Core.Access;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;
using Cluster.Storage.Watches;

namespace Cluster.Storage.Routes;

/// <summary>Whether the accounts that routes have told may know what goes on in the sessions to which these send.</summary>
internal static class RouteAccounts
{
    public static async Task<List<RouteFault>> FaultsAsync(Turn turn, IReadOnlyList<Route> routes)
    {
        var asked = new Dictionary<(string Session, string Account), string?>();
        var faults = new List<RouteFault>();
        for (var i = 0; i < routes.Count; i++)
        {
            foreach (var pair in Told(routes[i]).Distinct())
            {
                if (!asked.TryGetValue(pair, out var fault))
                {
                    asked[pair] = fault = await FaultAsync(turn, SessionId.Parse(pair.Session), new Identity(pair.Account));
                }

                if (fault is not null)
                {
                    faults.Add(new RouteFault(i, fault));
                }
            }
        }

        return faults;
    }

    // Who is told in the end watches the session that has the event then.
    private static IEnumerable<(string Session, string Account)> Told(Route route)
    {
        var first = new[] { route.To, route.Otherwise }.OfType<string>().ToList();
        return first.SelectMany(session => route.Notify.Select(account => (session, account)))
            .Concat((route.Escalate?.To is { } next ? [next] : first).SelectMany(session => (route.Escalate?.Notify ?? []).Select(account => (session, account))));
    }

    // Whether somebody unknown here is paired with another one is nobody's business: who may not watch hears one sentence for both.
    private static async Task<string?> FaultAsync(Turn turn, SessionId session, Identity who) =>
        await AccessStore.FindAsync(turn.Db, session) is not { } access ? null // told already
        : !access.May(who, Act.Watch)
            ? $"'{who}' may not watch {session}, so it cannot be told of its events. Pair the account (cluster pair), and let it: cluster allow {who} --session {session.Name} --role watch."
        : !await NoticeStore.IsPairedAsync(turn.Db, who) ? $"'{who}' is not paired with anybody any more. Pair the account: cluster pair."
        : null;
}
