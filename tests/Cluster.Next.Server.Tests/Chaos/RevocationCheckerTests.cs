using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;
using Cluster.Next.Chaos.History;
using Cluster.Next.Chaos.Revoking;
using Actor = Cluster.Core.Grains.Actor;

namespace Cluster.Next.Server.Tests.Chaos;

public sealed class RevocationCheckerTests
{
    private const string Bob = "console:bob";

    [Fact]
    public void What_entered_before_a_revocation_is_no_fault() =>
        Assert.Empty(Check(Event(0), new BatchSent(new BatchId(1, 1), [1]), new RoleRevoked(Bob, Role.Talk, []), new StandingHeard(Bob, 1, [])));

    [Fact]
    public void An_event_behind_a_revocation_is_found() => Assert.Single(Check(new RoleRevoked(Bob, Role.Talk, []), Event(0)));

    [Fact]
    public void A_batch_with_an_event_of_the_revoked_behind_the_revocation_is_found() =>
        Assert.Single(Check(Event(0), new RoleRevoked(Bob, Role.None, []), new BatchSent(new BatchId(1, 1), [1])));

    [Fact]
    public void An_event_under_a_lower_standing_than_was_heard_of_is_found() => Assert.Single(Check(new StandingHeard(Bob, 1, []), Event(0)));

    [Fact]
    public void An_event_under_the_standing_that_was_heard_of_is_no_fault() => Assert.Empty(Check(new StandingHeard(Bob, 1, []), Event(1)));

    [Fact]
    public void An_event_under_a_lower_standing_than_an_earlier_one_is_found() => Assert.Single(Check(Event(1), Event(0)));

    [Fact]
    public void A_revocation_of_another_role_or_another_identity_is_none_of_this_one() =>
        Assert.Empty(Check(new RoleRevoked(Bob, Role.Watch, []), new RoleRevoked("console:carol", Role.Talk, []), Event(0)));

    private static IReadOnlyList<string> Check(params IRecord[] records) => RevocationChecker.Check(
        [
            .. records.Select((record, i) =>
            {
                var encoded = SessionRecords.Kinds.Encode(record);
                return new LogRow("session/alice/api", new LogRecord
                {
                    Position = i + 1, Claim = 1, Kind = encoded.Kind, Version = encoded.Version, Body = encoded.Body,
                });
            }),
        ],
        Bob);

    private static EventAccepted Event(long standing) => new()
    {
        Kind = EventKind.Chat,
        Sender = new Actor(Bob, "bob", standing),
        ChatId = Bob,
        Trust = Trust.Member,
        Body = "number 1",
        At = DateTimeOffset.UnixEpoch,
        ExpiresAt = DateTimeOffset.UnixEpoch,
        Priority = 1,
    };
}
