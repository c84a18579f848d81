using System.Collections.Frozen;
using Cluster.Core.Sessions;

namespace Cluster.Core.Access;

/// <summary>What an allowlist entry lets an identity do to a session.</summary>
[Flags]
public enum Role
{
    None = 0,

    /// <summary>Send messages.</summary>
    Talk = 1,

    /// <summary>Answer permission requests; implies seeing them.</summary>
    Approve = 2,

    /// <summary>See conversations and states.</summary>
    Watch = 4,
}

/// <summary>What somebody wants to do to a session.</summary>
public enum Act
{
    /// <summary>Put an event into its mailbox, or be answered by it.</summary>
    Talk,

    /// <summary>See its permission requests and decide them.</summary>
    Approve,

    /// <summary>See all of its conversations and the states of its deliveries.</summary>
    Watch,

    /// <summary>Know that it exists: anybody with any role.</summary>
    Find,

    /// <summary>Change its allowlist and its sources.</summary>
    Own,
}

/// <summary>A session's allowlist at one version, and the one place where rights are decided.</summary>
public sealed class AccessList
{
    public required SessionId Session { get; init; }

    /// <summary>The session whose entries these are, when this one shares them.</summary>
    public SessionId? Shares { get; init; }

    /// <summary>Grows with every change; an event is appended only on the version it was decided on.</summary>
    public required long Version { get; init; }

    /// <summary>The identities linked to the owner; each has every role.</summary>
    public required FrozenSet<string> OwnerIdentities { get; init; }

    public required FrozenDictionary<string, Role> Entries { get; init; }

    /// <summary>Sources with a route to this session. They may put events in and nothing else.</summary>
    public required FrozenSet<string> RoutedSources { get; init; }

    /// <summary>Where the events of these sources come in. A source that was removed and added again has another path, and another secret.</summary>
    public FrozenSet<string> RoutedPaths { get; init; } = FrozenSet<string>.Empty;

    /// <summary>The settings of those paths' sources, as they stand in the row. An event that was read with others is read again.</summary>
    public FrozenDictionary<string, string> PathSettings { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>The mark of those paths' secrets, another one after each rotation. What was proved before is proved again.</summary>
    public FrozenDictionary<string, string> PathSecrets { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>Of those paths, the ones whose sources may come by their owner's routes, with the version of the routes that says so.</summary>
    public FrozenDictionary<string, long> RuledPaths { get; init; } = FrozenDictionary<string, long>.Empty;

    /// <summary>Of those again, the ones that come only because the session claims to work at a place, with that place.</summary>
    public FrozenDictionary<string, string> RuledPlaces { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>May this identity do this to this session? Every path asks here; nobody else decides.</summary>
    public bool May(Identity who, Act act)
    {
        if (who.Value is null)
        {
            return false;
        }

        if (OwnerIdentities.Contains(who.Value))
        {
            return true;
        }

        // A source has routes and nothing else, whatever an entry says.
        if (who.Value.StartsWith("source:", StringComparison.Ordinal))
        {
            return act == Act.Talk && RoutedSources.Contains(who.Value);
        }

        var role = Entries.GetValueOrDefault(who.Value);
        if (!MayHold(who, Role.Approve))
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

    public bool IsOwner(Identity who) => May(who, Act.Own);

    /// <summary>A session never approves: what a model wants to do, no model allows.</summary>
    public static bool MayHold(Identity who, Role role) => role != Role.Approve || !who.IsSession(out _);
}
