using Cluster.Chaos.History;

namespace Cluster.Tests.Chaos;

/// <summary>The chaos harness is only as good as its checker: each violation is found in a history that has it, and in no other.</summary>
public sealed class CheckerTests
{
    // Two events of one session, the second submitted after the first was accepted; the first of another, with a reply.
    private static RunHistory Good { get; } = new()
    {
        Submissions = [new(1, "a"), new(2, "a"), new(3, "b")],
        Tries =
        [
            Answered(1, 0, 10, 503),
            Answered(1, 20, 30, 202, 101),
            Answered(2, 40, 50, 202, 102),
            Answered(3, 0, 10, 202),
            Answered(3, 5, 15, 200),
        ],
        Arrivals = [Arrived("a", 101, 1, 35), Arrived("a", 102, 2, 55), Arrived("b", 103, 3, 20)],
        Replies = [new("b", 103)],
        Entries = [new(101, 1, "a", "received", 0), new(102, 2, "a", "received", 0), new(103, 3, "b", "answered", 1)],
    };

    [Fact]
    public void A_history_that_keeps_every_promise_is_clean()
    {
        var findings = Checker.Check(Good);

        Assert.True(findings.Clean, string.Join(", ", findings.Violations));
        Assert.Equal((3, 3, 0), (findings.Accepted, findings.Delivered, findings.Repeats));
    }

    [Fact]
    public void An_accepted_event_that_no_session_read_is_lost()
    {
        var findings = Checker.Check(Good with { Arrivals = Good.Arrivals.Where(a => a.Number != 2).ToList() });

        Assert.Equal([Violation.Lost], findings.Violations);
        Assert.Contains("number 2", Assert.Single(findings.Of(Violation.Lost)));
    }

    [Fact]
    public void An_event_that_was_refused_or_not_answered_is_not_lost()
    {
        var findings = Checker.Check(new RunHistory
        {
            Submissions = [new(1, "a"), new(2, "a")],
            Tries = [Answered(1, 0, 10, 503), Answered(2, 0, 10, 0)],
            Arrivals = [],
        });

        Assert.True(findings.Clean);
    }

    [Theory]
    [InlineData("queued")]
    [InlineData("sent")]
    public void An_accepted_event_that_still_waits_at_the_end_has_no_visible_end(string state)
    {
        var findings = Checker.Check(Good with { Entries = [.. Good.Entries.Skip(1), new(101, 1, "a", state, 0)] });

        Assert.Equal([Violation.NoVisibleEnd], findings.Violations);
    }

    [Fact]
    public void An_accepted_event_that_is_not_in_the_engine_has_no_visible_end()
    {
        var findings = Checker.Check(Good with
        {
            Arrivals = Good.Arrivals.Where(a => a.Number != 1).ToList(),
            Entries = Good.Entries.Where(e => e.Number != 1).ToList(),
        });

        Assert.Equal([Violation.Lost, Violation.NoVisibleEnd], findings.Violations);
    }

    [Fact]
    public void An_event_read_before_one_that_was_accepted_before_it_was_submitted_is_out_of_order()
    {
        var findings = Checker.Check(Good with { Arrivals = [Arrived("a", 102, 2, 55), Arrived("a", 101, 1, 56), Arrived("b", 103, 3, 20)] });

        Assert.Equal([Violation.OutOfOrder], findings.Violations);
    }

    [Fact]
    public void Events_that_were_submitted_while_the_other_was_not_accepted_yet_may_come_in_any_order()
    {
        var tries = Good.Tries.Where(t => t.Number != 2).Append(Answered(2, 25, 50, 202, 102)).ToList();

        var findings = Checker.Check(Good with
        {
            Tries = tries,
            Arrivals = [Arrived("a", 102, 2, 55), Arrived("a", 101, 1, 56), Arrived("b", 103, 3, 20)],
        });

        Assert.True(findings.Clean);
    }

    [Fact]
    public void A_later_event_that_overtakes_two_others_of_which_only_one_was_concurrent_is_out_of_order()
    {
        var findings = Checker.Check(new RunHistory
        {
            Submissions = [new(1, "a"), new(2, "a"), new(3, "a")],
            Tries = [Answered(1, 0, 10, 202), Answered(2, 5, 60, 202), Answered(3, 20, 30, 202)],
            Arrivals = [Arrived("a", 103, 3, 40), Arrived("a", 102, 2, 65), Arrived("a", 101, 1, 66)],
            Entries = [new(101, 1, "a", "received", 0), new(102, 2, "a", "received", 0), new(103, 3, "a", "received", 0)],
        });

        Assert.Equal([Violation.OutOfOrder], findings.Violations);
        Assert.Contains("number 3 before number 1", Assert.Single(findings.Of(Violation.OutOfOrder)));
    }

    [Fact]
    public void A_repeat_that_says_so_is_counted_and_no_violation()
    {
        var findings = Checker.Check(Good with { Arrivals = [.. Good.Arrivals, Arrived("a", 101, 1, 90) with { Redelivery = true }] });

        Assert.True(findings.Clean);
        Assert.Equal(1, findings.Repeats);
        Assert.Equal(0.25, findings.RepeatShare);
    }

    [Fact]
    public void A_repeat_that_does_not_say_so_is_a_violation()
    {
        var findings = Checker.Check(Good with { Arrivals = [.. Good.Arrivals, Arrived("a", 101, 1, 90)] });

        Assert.Equal([Violation.UnmarkedRepeat], findings.Violations);
    }

    [Fact]
    public void An_event_that_the_engine_does_not_know_is_a_violation()
    {
        var findings = Checker.Check(Good with { Arrivals = [.. Good.Arrivals, new Arrival("a", 999, null, true, At(90))] });

        Assert.Equal([Violation.UnknownEvent], findings.Violations);
    }

    [Fact]
    public void An_event_that_comes_under_another_id_than_the_answer_told_is_a_violation()
    {
        var tries = Good.Tries.Select(t => t.EventId == 101 ? t with { EventId = 77 } : t).ToList();

        var findings = Checker.Check(Good with { Tries = tries });

        Assert.Equal([Violation.UnknownEvent], findings.Violations);
    }

    [Fact]
    public void An_event_that_reaches_another_session_is_a_violation()
    {
        var findings = Checker.Check(Good with { Arrivals = [Arrived("a", 103, 3, 20), Arrived("a", 101, 1, 35), Arrived("a", 102, 2, 55)] });

        Assert.Equal([Violation.WrongSession], findings.Violations);
    }

    [Fact]
    public void A_submission_that_stands_in_the_engine_as_two_events_has_entered_twice()
    {
        var findings = Checker.Check(Good with { Entries = [.. Good.Entries, new(104, 1, "a", "received", 0)] });

        Assert.Equal([Violation.EnteredTwice], findings.Violations);
    }

    [Fact]
    public void A_submission_that_a_session_read_as_two_events_has_entered_twice()
    {
        var findings = Checker.Check(Good with
        {
            Arrivals = [.. Good.Arrivals, Arrived("b", 104, 3, 90)],
            Entries = [.. Good.Entries, new(104, null, "b", "received", 0)],
        });

        Assert.Equal([Violation.EnteredTwice], findings.Violations);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void An_answered_reply_that_stands_in_the_engine_not_exactly_once_is_a_violation(int stand)
    {
        var findings = Checker.Check(Good with { Entries = [.. Good.Entries.Take(2), new(103, 3, "b", "answered", stand)] });

        Assert.Equal([Violation.ReplyNotOnce], findings.Violations);
    }

    [Theory]
    [InlineData(Violation.OldEpoch)]
    [InlineData(Violation.TwoHolders)]
    public void What_the_witness_saw_in_the_engine_is_a_violation(object violation)
    {
        var findings = Checker.Check(Good with { Sightings = [new Sighting((Violation)violation, "seen")] });

        Assert.Equal([(Violation)violation], findings.Violations);
        Assert.Equal(["seen"], findings.Of((Violation)violation));
    }

    private static Try Answered(long number, int at, int answered, int status, long? eventId = null) =>
        new() { Number = number, SubmittedAt = At(at), AnsweredAt = At(answered), Status = status, EventId = eventId };

    private static Arrival Arrived(string session, long eventId, long number, int at) => new(session, eventId, number, false, At(at));

    private static TimeSpan At(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
