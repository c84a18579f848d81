using System.Collections.Frozen;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Events;

public sealed class DeliveryRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(EventKind.Chat, "console:talker", true)]
    [InlineData(EventKind.Chat, "console:approver", false)]
    [InlineData(EventKind.Chat, "console:stranger", false)]
    [InlineData(EventKind.Chat, "console:alice", true)]
    [InlineData(EventKind.Webhook, "source:ci", true)]
    [InlineData(EventKind.Webhook, "source:removed", false)]
    [InlineData(EventKind.Verdict, "console:approver", true)]
    [InlineData(EventKind.Verdict, "console:talker", false)]
    [InlineData(EventKind.Verdict, "console:alice", true)]
    [InlineData(EventKind.Verdict, "source:ci", false)]
    public void A_sender_needs_his_right_still_when_his_event_is_sent(EventKind kind, string sender, bool sent)
    {
        var judgement = DeliveryRules.Judge(kind, new Identity(sender), Now.AddSeconds(1), List, Now);

        Assert.Equal(sent ? new Judgement.Send() : new Judgement.Kill("revoked"), judgement);
    }

    [Fact]
    public void What_waited_until_its_end_expires_whoever_sent_it()
    {
        Assert.IsType<Judgement.Expire>(DeliveryRules.Judge(EventKind.Chat, Identity.Console("alice"), Now, List, Now));
        Assert.IsType<Judgement.Expire>(DeliveryRules.Judge(EventKind.Chat, Identity.Console("stranger"), Now, List, Now));
        Assert.IsType<Judgement.Send>(DeliveryRules.Judge(EventKind.Chat, Identity.Console("alice"), Now.AddMilliseconds(1), List, Now));
    }

    [Fact]
    public void Verdicts_go_first()
    {
        Assert.True(DeliveryRules.Priority(EventKind.Verdict, urgent: false) < DeliveryRules.Priority(EventKind.Webhook, urgent: true));
        Assert.True(DeliveryRules.Priority(EventKind.Webhook, urgent: true) < DeliveryRules.Priority(EventKind.Chat, urgent: false));
        Assert.Equal(DeliveryRules.Priority(EventKind.Chat, urgent: false), DeliveryRules.Priority(EventKind.Webhook, urgent: false));
    }

    private static AccessList List { get; } = new()
    {
        Session = new SessionId("alice", "api"),
        Version = 1,
        OwnerIdentities = new[] { "console:alice" }.ToFrozenSet(),
        Entries = new Dictionary<string, Role> { ["console:talker"] = Role.Talk, ["console:approver"] = Role.Approve }.ToFrozenDictionary(),
        RoutedSources = new[] { "source:ci" }.ToFrozenSet(),
    };
}
