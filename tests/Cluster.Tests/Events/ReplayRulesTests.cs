using System.Collections.Frozen;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Events;

public sealed class ReplayRulesTests
{
    private static readonly Identity Alice = Identity.Console("alice");
    private static readonly Identity Bob = Identity.Console("bob");
    private static readonly Identity Ci = Identity.Source("ci");

    [Theory]
    [InlineData(EventKind.Chat)]
    [InlineData(EventKind.Note)]
    public void What_somebody_said_stays_theirs_and_in_its_session(EventKind kind)
    {
        var sender = kind == EventKind.Note ? Identity.Session(new SessionId("alice", "web")) : Bob;
        var list = List("api", (sender.Value, Role.Talk));

        var here = ReplayRules.Refuse(Wish(kind, sender, list, list), out var replay);
        var there = ReplayRules.Refuse(Wish(kind, sender, list, List("web", (sender.Value, Role.Talk))), out _);

        Assert.Null(here);
        Assert.Equal((sender, sender.Value), (replay.Sender, replay.ChatId));
        Assert.Contains("Only webhooks can be replayed to another session", there);
    }

    [Fact]
    public void Who_may_not_talk_any_more_is_not_heard_again()
    {
        var refused = ReplayRules.Refuse(Wish(EventKind.Chat, Bob, List("api"), List("api")), out _);

        Assert.Contains("console:bob may not talk to alice/api any more", refused);
    }

    [Fact]
    public void A_webhook_goes_to_another_session_as_what_its_owner_brings()
    {
        var refused = ReplayRules.Refuse(Wish(EventKind.Webhook, Ci, List("api"), List("web")) with { Trust = Trust.Stranger }, out var replay);

        Assert.Null(refused);
        Assert.Equal(new ReplayAs(Alice, Alice.Value, Trust.Stranger), replay);
    }

    [Fact]
    public void A_webhook_whose_source_has_no_route_any_more_is_not_replayed_there()
    {
        var without = ReplayRules.Refuse(Wish(EventKind.Webhook, Ci, List("api"), List("api")), out _);
        var with = List("api", sources: ["source:ci"]);

        Assert.Contains("source:ci may not talk", without);
        Assert.Null(ReplayRules.Refuse(Wish(EventKind.Webhook, Ci, with, with), out _));
    }

    [Fact]
    public void A_verdict_is_never_replayed()
    {
        var list = List("api");

        Assert.Contains("never replayed", ReplayRules.Refuse(Wish(EventKind.Verdict, Alice, list, list), out _));
        Assert.Contains("never replayed", ReplayRules.Refuse(Wish(EventKind.Verdict, Alice, list, List("web")), out _));
    }

    [Theory]
    [InlineData("queued", true)]
    [InlineData("sent", true)]
    [InlineData("received", false)]
    [InlineData("answered", false)]
    [InlineData("expired", false)]
    public void What_still_waits_is_not_doubled(string state, bool refused)
    {
        var list = List("api");

        Assert.Equal(refused, ReplayRules.Refuse(Wish(EventKind.Chat, Alice, list, list) with { State = state }, out _) is not null);
    }

    [Fact]
    public void What_somebody_took_back_only_they_say_again()
    {
        var list = List("api", (Bob.Value, Role.Talk));
        var cancelled = Wish(EventKind.Chat, Bob, list, list) with { Reason = DeliveryRules.Cancelled };

        Assert.Contains("was cancelled", ReplayRules.Refuse(cancelled, out _));
        Assert.Null(ReplayRules.Refuse(cancelled with { Sender = Alice }, out _));
    }

    [Fact]
    public void Trust_is_what_the_sender_has_now()
    {
        var list = List("api", (Bob.Value, Role.Talk));

        ReplayRules.Refuse(Wish(EventKind.Chat, Bob, list, list) with { Trust = Trust.Owner }, out var replay);

        Assert.Equal(Trust.Member, replay.Trust);
    }

    private static ReplayWish Wish(EventKind kind, Identity sender, AccessList from, AccessList to) => new()
    {
        EventId = 42,
        Kind = kind,
        Sender = sender,
        ChatId = sender.Value,
        Trust = Trust.Member,
        State = "dead",
        From = from,
        To = to,
        By = Alice,
    };

    private static AccessList List(string name, (string Who, Role Role)? entry = null, string[]? sources = null) => new()
    {
        Session = new SessionId("alice", name),
        Version = 1,
        OwnerIdentities = FrozenSet.ToFrozenSet([Alice.Value]),
        Entries = entry is { } one ? new Dictionary<string, Role> { [one.Who] = one.Role }.ToFrozenDictionary() : FrozenDictionary<string, Role>.Empty,
        RoutedSources = (sources ?? []).ToFrozenSet(),
    };
}
