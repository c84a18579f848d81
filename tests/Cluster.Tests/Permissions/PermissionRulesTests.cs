using System.Collections.Frozen;
using Cluster.Core.Access;
using Cluster.Core.Permissions;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Permissions;

public sealed class PermissionRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(PermissionState.Open, 1, VerdictOutcome.Accepted)]
    [InlineData(PermissionState.Open, 0, VerdictOutcome.Expired)]
    [InlineData(PermissionState.Open, -1, VerdictOutcome.Expired)]
    [InlineData(PermissionState.Decided, 1, VerdictOutcome.AlreadyDecided)]
    [InlineData(PermissionState.Decided, -1, VerdictOutcome.AlreadyDecided)]
    [InlineData(PermissionState.Relayed, 1, VerdictOutcome.AlreadyDecided)]
    [InlineData(PermissionState.Relayed, -1, VerdictOutcome.AlreadyDecided)]
    [InlineData(PermissionState.Expired, 1, VerdictOutcome.Expired)]
    [InlineData(PermissionState.Expired, -1, VerdictOutcome.Expired)]
    [InlineData(PermissionState.Closed, 1, VerdictOutcome.Closed)]
    [InlineData(PermissionState.Closed, -1, VerdictOutcome.Closed)]
    public void A_verdict_counts_once_from_an_approver_before_the_end(PermissionState state, int secondsLeft, VerdictOutcome expected)
    {
        var expiresAt = Now.AddSeconds(secondsLeft);

        Assert.Equal(expected, PermissionRules.Judge(state, expiresAt, List, Identity.Console("approver"), Now));
        Assert.Equal(expected, PermissionRules.Judge(state, expiresAt, List, Identity.Console("alice"), Now));
    }

    [Theory]
    [InlineData("console:talker")]
    [InlineData("console:watcher")]
    [InlineData("console:stranger")]
    [InlineData("source:ci")]
    [InlineData("session:alice/api")]
    [InlineData("")]
    [InlineData(null)]
    public void Nobody_else_learns_that_a_request_exists(string? who)
    {
        foreach (var state in Enum.GetValues<PermissionState>())
        {
            foreach (var secondsLeft in new[] { -1, 0, 1 })
            {
                Assert.Equal(
                    VerdictOutcome.Unknown,
                    PermissionRules.Judge(state, Now.AddSeconds(secondsLeft), List, new Identity(who!), Now));
            }
        }
    }

    [Theory]
    [InlineData("abcde", true)]
    [InlineData("zzzzz", true)]
    [InlineData("abcle", false)]
    [InlineData("abcd", false)]
    [InlineData("abcdef", false)]
    [InlineData("ABCDE", false)]
    [InlineData("abcd1", false)]
    [InlineData("abcde\n", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_request_id_is_five_letters_without_l(string? text, bool valid) =>
        Assert.Equal(valid, PermissionRules.IsRequestId(text));

    private static AccessList List { get; } = new()
    {
        Session = new SessionId("alice", "api"),
        Version = 1,
        OwnerIdentities = new[] { "console:alice" }.ToFrozenSet(),
        Entries = new Dictionary<string, Role>
        {
            ["console:approver"] = Role.Approve,
            ["console:talker"] = Role.Talk,
            ["console:watcher"] = Role.Watch,
        }.ToFrozenDictionary(),
        RoutedSources = new[] { "source:ci" }.ToFrozenSet(),
    };
}
