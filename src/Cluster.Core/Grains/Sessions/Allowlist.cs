using Cluster.Core.Access;

namespace Cluster.Core.Grains.Sessions;

/// <summary>One role of one identity.</summary>
public sealed record Entry(string Identity, Role Role, string By, DateTimeOffset At);

/// <summary>Who may do what to one session, and the one place where that is decided.</summary>
public sealed class Allowlist
{
    public List<Entry> Entries { get; init; } = [];

    /// <summary>The highest standing that was heard of each identity.</summary>
    public Dictionary<string, long> Standings { get; init; } = [];

    /// <summary>Grows with every change.</summary>
    public long Version { get; set; }

    /// <summary>May this identity do this to this session? Every path asks here; nobody else decides.</summary>
    /// <param name="owner">The session's owner.</param>
    /// <param name="who">Who wants to.</param>
    /// <param name="act">What.</param>
    public bool May(string owner, Actor who, Act act)
    {
        if (who.Standing < Standings.GetValueOrDefault(who.Identity))
        {
            return false;
        }

        if (who.Principal == owner)
        {
            return true;
        }

        var role = RolesOf(who.Identity);
        if (!AccessList.MayHold(new Identity(who.Identity), Role.Approve))
        {
            role &= ~Role.Approve;
        }

        return act switch
        {
            Act.Talk => role.HasFlag(Role.Talk),
            Act.Approve => role.HasFlag(Role.Approve),
            Act.Watch => role.HasFlag(Role.Watch),
            Act.Find => role != Role.None,
            _ => false,
        };
    }

    /// <summary>Every role that the list gives an identity.</summary>
    public Role RolesOf(string identity) =>
        Entries.Where(entry => entry.Identity == identity).Aggregate(Role.None, (roles, entry) => roles | entry.Role);

    /// <summary>Whether a standing of this identity is recorded, and so the row by which a revocation finds the session.</summary>
    public bool HasMet(string identity) => Standings.ContainsKey(identity);

    /// <summary>Whether a session has to remember this standing: it is new, or higher.</summary>
    public bool IsNews(Actor who) => !Standings.TryGetValue(who.Identity, out var known) || who.Standing > known;

    internal void Hear(string identity, long standing)
    {
        if (standing >= Standings.GetValueOrDefault(identity))
        {
            Standings[identity] = standing;
        }
    }

    internal void Grant(Entry entry)
    {
        Entries.Add(entry);
        Version++;
    }

    internal void Revoke(string identity, Role role)
    {
        Entries.RemoveAll(entry => entry.Identity == identity && (role == Role.None || entry.Role == role));
        Version++;
    }
}
