using Cluster.Chaos;
using Cluster.Chaos.History;
using Cluster.Core.Events;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;
using Cluster.Next.Chaos.History;
using Actor = Cluster.Core.Grains.Actor;

namespace Cluster.Next.Server.Tests.Chaos;

/// <summary>The harness is only as good as its checker: each way in which a log can break the fence is found, and nothing else.</summary>
public sealed class LogCheckerTests
{
    // Claimed by n1, an event sent at once; claimed by n2, the event sent again under that claim.
    private static readonly IReadOnlyList<LogRow> Good =
    [
        Row(1, 1, new Claimed("n1"), 0),
        Row(2, 1, Event(new BatchId(1, 1)), 1),
        Row(3, 3, new Claimed("n2"), 10),
        Row(4, 3, new BatchSent(new BatchId(1, 2), [2]), 11),
    ];

    private static readonly IReadOnlyList<BatchRead> Reads = [Read(1, 1, 2), Read(1, 2, 2)];

    [Fact]
    public void A_log_that_changed_hands_once_is_clean() => Assert.True(Check(Good, Reads, new Death("n1", At(5))).Clean);

    [Fact]
    public void A_missing_position_is_a_gap() => Finds(Violation.Gap, Check([Good[0], Row(3, 1, Event(null), 1)], []));

    [Fact]
    public void A_record_under_an_older_claim_after_a_newer_one_is_found() =>
        Finds(Violation.OldClaim, Check([.. Good, Row(5, 1, Event(null), 12)], Reads));

    [Fact]
    public void A_record_under_a_claim_that_nobody_made_is_found() =>
        Finds(Violation.OldClaim, Check([Row(1, 1, Event(null), 0)], []));

    [Fact]
    public void A_record_under_the_claim_of_a_node_that_had_ended_is_found() =>
        Finds(Violation.DeadClaim, Check([Good[0], Row(2, 1, Event(null), 20), Row(3, 1, Event(null), 21)], [], new Death("n1", At(5))));

    [Fact]
    public void A_claim_of_a_node_that_was_started_again_is_none_of_the_dead() =>
        Assert.True(Check([Row(1, 1, new Claimed("n1"), 10), Row(2, 1, Event(null), 20)], [], new Death("n1", At(5))).Clean);

    [Fact]
    public void A_batch_that_was_read_and_stands_in_no_log_is_found() => Finds(Violation.Unrecorded, Check(Good, [Read(1, 3, 2)]));

    [Fact]
    public void An_event_that_was_read_and_stands_in_no_log_is_found()
    {
        var findings = new Findings();
        LogChecker.Check(Good, [], new RunHistory { Submissions = [], Tries = [], Arrivals = [new("api", 7, 1, false, At(1))] }, findings);

        Finds(Violation.Unrecorded, findings);
    }

    [Fact]
    public void An_event_that_came_with_a_batch_of_others_is_found() => Finds(Violation.Unrecorded, Check(Good, [Read(1, 2, 7)]));

    [Fact]
    public void A_batch_of_an_older_claim_that_comes_after_one_of_a_newer_is_found() => Finds(Violation.OldPush, Check(Good, [Reads[1], Reads[0]]));

    [Fact]
    public void An_epoch_that_goes_back_is_found() => Finds(
        Violation.OldEpoch,
        Check([.. Good, Row(5, 3, new BatchSent(new BatchId(2, 1), [2]), 12)], [Read(2, 1, 2), Read(1, 2, 2)]));

    private static void Finds(Violation violation, Findings findings) => Assert.Equal([violation], findings.Violations);

    private static Findings Check(IReadOnlyList<LogRow> rows, IReadOnlyList<BatchRead> reads, params Death[] deaths)
    {
        var findings = new Findings();
        LogChecker.Check(rows, deaths, new RunHistory { Submissions = [], Tries = [], Arrivals = [], Batches = reads }, findings);
        return findings;
    }

    private static LogRow Row(long position, long claim, IRecord record, int second)
    {
        var encoded = SessionRecords.Kinds.Encode(record);
        return new LogRow("session/alice/api", new LogRecord
        {
            Position = position,
            Claim = claim,
            Kind = encoded.Kind,
            Version = encoded.Version,
            Body = encoded.Body,
            At = DateTimeOffset.UtcNow + (At(second) - RunClock.Now),
        });
    }

    private static EventAccepted Event(BatchId? batch) => new()
    {
        Kind = EventKind.Chat,
        Sender = new Actor("console:bob", "bob", 0),
        ChatId = "console:bob",
        Trust = Trust.Member,
        Body = "number 1",
        At = DateTimeOffset.UnixEpoch,
        ExpiresAt = DateTimeOffset.UnixEpoch,
        Priority = 1,
        Batch = batch,
    };

    private static BatchRead Read(long epoch, long batch, params long[] events) => new("api", new BatchId(epoch, batch), events, TimeSpan.Zero);

    private static TimeSpan At(int second) => TimeSpan.FromSeconds(second);
}
