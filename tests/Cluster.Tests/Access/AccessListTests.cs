using System.Collections.Frozen;
using Cluster.Core.Access;
using Cluster.Core.Sessions;
using FsCheck;
using FsCheck.Fluent;

namespace Cluster.Tests.Access;

public sealed class AccessListTests
{
    private static readonly string[] Everybody =
        ["console:alice", "telegram:184", "console:bob", "console:carol", "console:b", "console:bob2", "session:alice/api", "source:ci", "source:errors", "*", ""];

    private static readonly Act[] Acts = Enum.GetValues<Act>();

    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(5_000).WithReplay(20260301, 7);

    /// <summary>One line of a policy: an allowlist's entry, an identity of the owner, or a route.</summary>
    private sealed record Line(string Kind, string Who, Role Role);

    private static readonly Arbitrary<Line[]> Policies = Gen.Elements("entry", "entry", "entry", "owner", "route")
        .SelectMany(kind => Gen.Elements(kind switch { "route" => Everybody[7..9], "owner" => Everybody[..6], _ => Everybody })
            .SelectMany(who => Gen.Elements(Role.Talk, Role.Approve, Role.Watch).Select(role => new Line(kind, who, role))))
        .ArrayOf()
        .ToArbitrary();

    [Fact]
    public void Removing_any_line_never_widens() =>
        Check.One(Many, Prop.ForAll(Policies, lines =>
        {
            var all = Granted(lines);
            return Enumerable.Range(0, lines.Length)
                .All(i => Granted([.. lines[..i], .. lines[(i + 1)..]]).IsSubsetOf(all));
        }));

    [Fact]
    public void The_order_of_the_lines_does_not_matter() =>
        Check.One(Many, Prop.ForAll(Policies, lines => Granted(lines).SetEquals(Granted([.. lines.Reverse()]))));

    [Fact]
    public void Each_role_gives_what_it_names_and_no_other() =>
        Check.One(Many, Prop.ForAll(Policies, lines =>
        {
            var list = List(lines);
            return Everybody.All(who =>
            {
                var identity = new Identity(who);
                var roles = lines.Where(line => line.Kind == "entry" && line.Who == who).Select(line => line.Role).ToHashSet();
                return lines.Any(line => line.Kind != "entry" && line.Who == who)
                    || who.StartsWith("source:", StringComparison.Ordinal)
                    || (list.May(identity, Act.Talk) == roles.Contains(Role.Talk)
                        && list.May(identity, Act.Approve) == (roles.Contains(Role.Approve) && !IsSession(who))
                        && list.May(identity, Act.Watch) == roles.Contains(Role.Watch)
                        && list.May(identity, Act.Find) == roles.Any(role => role != Role.Approve || !IsSession(who))
                        && !list.May(identity, Act.Own));
            });
        }));

    [Fact]
    public void Only_the_owner_owns() =>
        Check.One(Many, Prop.ForAll(Policies, lines =>
            Everybody.All(who => List(lines).May(new Identity(who), Act.Own) == lines.Any(line => line.Kind == "owner" && line.Who == who))));

    [Fact]
    public void An_empty_list_admits_nobody_but_the_owners_identities()
    {
        var list = List([new Line("owner", "console:alice", Role.None), new Line("owner", "telegram:184", Role.None)]);

        foreach (var who in Everybody)
        {
            Assert.All(Acts, act => Assert.Equal(who is "console:alice" or "telegram:184", list.May(new Identity(who), act)));
        }

        Assert.All(Acts, act => Assert.False(List([]).May(Identity.Console("alice"), act)));
    }

    [Fact]
    public void Nobody_at_all_may_nothing()
    {
        var list = List([new Line("owner", "console:alice", Role.None), new Line("entry", "console:bob", Role.Talk)]);

        Assert.All(Acts, act => Assert.False(list.May(default, act)));
    }

    [Fact]
    public void A_routed_source_may_put_events_in_and_nothing_else()
    {
        var list = List([new Line("route", "source:ci", Role.None)]);

        Assert.All(Acts, act => Assert.Equal(act == Act.Talk, list.May(Identity.Source("ci"), act)));
        Assert.All(Acts, act => Assert.False(list.May(Identity.Source("errors"), act)));
    }

    [Fact]
    public void A_source_without_a_route_may_nothing_even_if_an_entry_names_it()
    {
        var list = List([new Line("entry", "source:ci", Role.Talk), new Line("entry", "source:ci", Role.Approve)]);

        Assert.All(Acts, act => Assert.False(list.May(Identity.Source("ci"), act)));
    }

    [Fact]
    public void A_session_talks_and_watches_where_an_entry_says_so_and_never_approves()
    {
        var web = Identity.Session(new SessionId("alice", "web"));
        var list = List([
            new Line("owner", "console:alice", Role.None),
            .. new[] { Role.Talk, Role.Approve, Role.Watch }.Select(role => new Line("entry", web.Value, role))]);
        var approves = List([new Line("entry", web.Value, Role.Approve)]);

        Assert.Equal([Act.Talk, Act.Watch, Act.Find], Acts.Where(act => list.May(web, act)));
        Assert.DoesNotContain(Acts, act => approves.May(web, act));
        Assert.DoesNotContain(Acts, act => list.May(Identity.Session(new SessionId("alice", "api")), act));
        Assert.False(AccessList.MayHold(web, Role.Approve));
        Assert.True(AccessList.MayHold(web, Role.Talk));
        Assert.True(AccessList.MayHold(Identity.Console("bob"), Role.Approve));
    }

    [Theory]
    [InlineData("console:bob", true)]
    [InlineData("console:b.o-b_1", true)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("*", false)]
    [InlineData("bob", false)]
    [InlineData("console:", false)]
    [InlineData("console:*", false)]
    [InlineData("console:Bob", false)]
    [InlineData("Console:bob", false)]
    [InlineData("console:bob ", false)]
    [InlineData(" console:bob", false)]
    [InlineData("console:bob\n", false)]
    [InlineData("console:b\u043Eb", false)]
    [InlineData("console:bob\u200B", false)]
    [InlineData("source:ci", false)]
    [InlineData("session:alice/api", true)]
    [InlineData("session:alice/api.2", true)]
    [InlineData("session:api", false)]
    [InlineData("session:me/api", false)]
    [InlineData("session:/api", false)]
    [InlineData("session:alice/", false)]
    [InlineData("session:alice/*", false)]
    [InlineData("session:alice/a/b", false)]
    [InlineData("session:Alice/api", false)]
    [InlineData("session:alice/api\n", false)]
    [InlineData("Session:alice/api", false)]
    public void An_allowlist_names_people_and_sessions_by_their_exact_identity(string? text, bool valid)
    {
        Assert.Equal(valid, Identity.TryParse(text, out var identity));
        Assert.Equal(valid ? text : null, identity.Value);
    }

    private static bool IsSession(string who) => who.StartsWith("session:", StringComparison.Ordinal);

    private static HashSet<(string, Act)> Granted(Line[] lines)
    {
        var list = List(lines);
        return [.. from who in Everybody from act in Acts where list.May(new Identity(who), act) select (who, act)];
    }

    private static AccessList List(Line[] lines) => new()
    {
        Session = new SessionId("alice", "api"),
        Version = 1,
        OwnerIdentities = lines.Where(line => line.Kind == "owner").Select(line => line.Who).ToFrozenSet(),
        Entries = lines.Where(line => line.Kind == "entry")
            .GroupBy(line => line.Who)
            .ToFrozenDictionary(group => group.Key, group => group.Aggregate(Role.None, (roles, line) => roles | line.Role)),
        RoutedSources = lines.Where(line => line.Kind == "route").Select(line => line.Who).ToFrozenSet(),
    };
}
