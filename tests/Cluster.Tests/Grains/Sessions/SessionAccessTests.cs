using Cluster.Core.Access;
using Cluster.Core.Grains;
using Cluster.Core.Grains.Sessions;
using static Cluster.Tests.Grains.Sessions.SessionPlay;

namespace Cluster.Tests.Grains.Sessions;

public sealed class SessionAccessTests
{
    [Fact]
    public void Only_the_owner_changes_the_list()
    {
        var session = new SessionPlay();
        session.Allow(Bob, Role.Approve);

        Assert.False(session.Do(session.State.Grant(Id, Bob, "console:mallory", Role.Talk, session.Now)));
        Assert.False(session.Do(session.State.Revoke(Id, Bob, Bob.Identity, Role.Approve)));
        Assert.True(session.State.Allowlist.May(Id.Owner, Bob, Act.Approve));
    }

    [Theory]
    [InlineData(Role.Talk, Act.Talk, true)]
    [InlineData(Role.Talk, Act.Approve, false)]
    [InlineData(Role.Talk, Act.Watch, false)]
    [InlineData(Role.Approve, Act.Talk, false)]
    [InlineData(Role.Approve, Act.Approve, true)]
    [InlineData(Role.Watch, Act.Watch, true)]
    [InlineData(Role.Watch, Act.Own, false)]
    [InlineData(Role.Watch, Act.Find, true)]
    public void A_role_lets_one_do_what_it_says_and_nothing_else(Role role, Act act, bool may)
    {
        var session = new SessionPlay();
        session.Allow(Bob, role);

        Assert.Equal(may, session.State.Allowlist.May(Id.Owner, Bob, act));
    }

    [Fact]
    public void A_session_never_approves_whatever_the_list_says()
    {
        var session = new SessionPlay();
        var other = new Actor("session:alice/web", "bob", 0);
        session.Allow(other, Role.Approve);

        Assert.False(session.State.Allowlist.May(Id.Owner, other, Act.Approve));
    }

    [Fact]
    public void What_waits_of_somebody_who_may_talk_no_longer_ends_with_the_revocation()
    {
        var session = new SessionPlay();
        session.Allow(Bob, Role.Talk);
        session.Say(Bob);
        var own = session.Say(Alice);

        session.Do(session.State.Revoke(Id, Alice, Bob.Identity, Role.Talk));

        Assert.Equal([own.EventId], session.State.Mailbox.Waiting.Select(item => item.Id));
        Assert.Equal(MessageResult.Unknown, session.Say(Bob).State);
    }

    [Fact]
    public void Losing_another_role_ends_nothing_that_waits()
    {
        var session = new SessionPlay();
        session.Allow(Bob, Role.Talk);
        session.Allow(Bob, Role.Watch);
        session.Say(Bob);

        session.Do(session.State.Revoke(Id, Alice, Bob.Identity, Role.Watch));

        Assert.Single(session.State.Mailbox.Waiting);
        Assert.True(session.State.Allowlist.May(Id.Owner, Bob, Act.Talk));
    }

    [Fact]
    public void An_act_under_a_lower_standing_than_was_heard_is_refused_also_the_owners()
    {
        var session = new SessionPlay();
        session.Do(session.State.Hear(Id, new StandingRaised(Alice.Identity, 3)));

        Assert.Equal(MessageResult.Unknown, session.Say(Alice).State);
        Assert.Equal(MessageResult.Accepted, session.Say(Alice with { Standing = 3 }).State);
    }

    [Fact]
    public void A_raised_standing_ends_what_waits_of_it_and_a_lower_one_changes_nothing()
    {
        var session = new SessionPlay();
        session.Allow(Bob, Role.Talk);
        session.Say(Bob with { Standing = 1 });

        session.Do(session.State.Hear(Id, new StandingRaised(Bob.Identity, 1)));
        Assert.Single(session.State.Mailbox.Waiting);
        session.Do(session.State.Hear(Id, new StandingRaised(Bob.Identity, 2)));

        Assert.Empty(session.State.Mailbox.Waiting);
        Assert.Equal(2, session.State.Allowlist.Standings[Bob.Identity]);
    }

    [Fact]
    public void What_comes_back_from_a_lost_client_is_judged_again_before_it_goes_out()
    {
        var session = new SessionPlay();
        session.Allow(Bob, Role.Talk);
        session.Attach();
        session.Say(Bob);
        session.Do(session.State.Revoke(Id, Alice, Bob.Identity, Role.None)); // what is out may have been read
        session.Do(session.State.Close("client-1", "stream-1", session.Now));

        session.Attach(stream: "stream-2");
        session.Send();

        Assert.Equal(0, session.State.Mailbox.Count);
        Assert.Contains(session.Records, record => record is EventsDied { Reason: "revoked" });
    }
}
