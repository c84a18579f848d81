namespace Cluster.Chaos.History;

/// <summary>
/// Holds a history against the promises. It believes only its logs: what the sender was answered, what the sessions read, what stands
/// in the engine at the end, and what the witness saw there.
/// </summary>
internal static class Checker
{
    // Besides these, a delivery that still waits is an end only for a session that nobody serves; the sessions here are served.
    private static readonly string[] Ends = ["received", "answered", "expired", "dead", "filtered", "folded", "healed"];

    public static Findings Check(RunHistory history)
    {
        var submissions = history.Submissions.ToDictionary(s => s.Number);
        var answers = Answers.Of(history.Tries);
        var repeats = 0;
        var firsts = new Dictionary<string, List<Arrival>>();
        var seen = new HashSet<(string Session, long EventId)>();
        var unmarked = new List<Arrival>();
        foreach (var arrival in history.Arrivals)
        {
            if (seen.Add((arrival.Session, arrival.EventId)))
            {
                (firsts.TryGetValue(arrival.Session, out var list) ? list : firsts[arrival.Session] = []).Add(arrival);
                continue;
            }

            repeats++;
            if (!arrival.Redelivery)
            {
                unmarked.Add(arrival);
            }
        }

        var findings = new Findings { Accepted = answers.Accepted.Count, Delivered = history.Arrivals.Count, Repeats = repeats };
        foreach (var arrival in unmarked)
        {
            findings.Add(Violation.UnmarkedRepeat, $"{arrival.Session} read event {arrival.EventId} again at {arrival.At:mm\\:ss\\.fff}, unmarked");
        }

        foreach (var sighting in history.Sightings)
        {
            findings.Add(sighting.Violation, sighting.Detail);
        }

        CheckEntries(history, submissions, answers, findings);
        CheckArrivals(history, submissions, answers, firsts, findings);
        foreach (var list in firsts.Values)
        {
            CheckOrder(list, answers, findings);
        }

        CheckReplies(history, findings);
        return findings;
    }

    private static void CheckEntries(RunHistory history, Dictionary<long, Submission> submissions, Answers answers, Findings findings)
    {
        var byNumber = history.Entries.Where(e => e.Number is not null).ToLookup(e => e.Number!.Value);
        foreach (var entries in byNumber)
        {
            var ids = entries.Select(e => e.EventId).Distinct().ToList();
            if (ids.Count > 1)
            {
                findings.Add(Violation.EnteredTwice, $"number {entries.Key} is in the engine as events {string.Join(", ", ids)}");
            }
        }

        foreach (var number in answers.Accepted.Keys)
        {
            if (byNumber[number].FirstOrDefault() is not { } entry)
            {
                findings.Add(Violation.NoVisibleEnd, $"number {number} for {submissions[number].Session} was accepted and is not in the engine");
            }
            else if (!Ends.Contains(entry.State))
            {
                findings.Add(Violation.NoVisibleEnd, $"number {number}, event {entry.EventId} for {entry.Session}, is still {entry.State}");
            }
        }
    }

    private static void CheckArrivals(
        RunHistory history, Dictionary<long, Submission> submissions, Answers answers, Dictionary<string, List<Arrival>> firsts, Findings findings)
    {
        var known = history.Entries.Select(e => e.EventId).ToHashSet();
        var arrived = new Dictionary<long, long>();
        foreach (var arrival in firsts.Values.SelectMany(list => list))
        {
            if (arrival.Number is not { } number || !submissions.TryGetValue(number, out var submission) || !known.Contains(arrival.EventId))
            {
                findings.Add(Violation.UnknownEvent, $"{arrival.Session} read event {arrival.EventId}, which nobody knows");
                continue;
            }

            if (submission.Session != arrival.Session)
            {
                findings.Add(Violation.WrongSession, $"{arrival.Session} read number {number}, which is for {submission.Session}");
            }

            if (answers.Ids.TryGetValue(number, out var told) && told != arrival.EventId)
            {
                findings.Add(Violation.UnknownEvent, $"number {number} was accepted as event {told} and came as event {arrival.EventId}");
            }

            if (!arrived.TryAdd(number, arrival.EventId) && arrived[number] != arrival.EventId)
            {
                findings.Add(Violation.EnteredTwice, $"{arrival.Session} read number {number} as events {arrived[number]} and {arrival.EventId}");
            }
        }

        foreach (var number in answers.Accepted.Keys.Where(number => !arrived.ContainsKey(number)))
        {
            findings.Add(
                Violation.Lost, $"number {number} was accepted at {answers.Accepted[number]:mm\\:ss\\.fff} and {submissions[number].Session} never read it");
        }
    }

    // Going through what a session read for the first time: nothing may come that was accepted before something already there was submitted.
    private static void CheckOrder(List<Arrival> firsts, Answers answers, Findings findings)
    {
        var (latest, at) = (TimeSpan.MinValue, (Arrival?)null);
        foreach (var arrival in firsts.Where(a => a.Number is not null))
        {
            if (answers.Accepted.TryGetValue(arrival.Number!.Value, out var accepted) && accepted < latest)
            {
                findings.Add(
                    Violation.OutOfOrder,
                    $"{arrival.Session} read number {at!.Number} before number {arrival.Number}, which was accepted before it was submitted");
            }

            if (answers.Submitted.TryGetValue(arrival.Number.Value, out var submitted) && submitted > latest)
            {
                (latest, at) = (submitted, arrival);
            }
        }
    }

    private static void CheckReplies(RunHistory history, Findings findings)
    {
        var replies = history.Entries.GroupBy(e => (e.Session, e.EventId)).ToDictionary(e => e.Key, e => e.First().Replies);
        foreach (var reply in history.Replies)
        {
            var stand = replies.GetValueOrDefault((reply.Session, reply.EventId));
            if (stand != 1)
            {
                findings.Add(Violation.ReplyNotOnce, $"{reply.Session} replied once to event {reply.EventId}; {stand} replies stand in the engine");
            }
        }
    }

    /// <summary>The tries of each submission, folded: when it was first submitted, when first accepted, and under which id.</summary>
    private sealed record Answers(Dictionary<long, TimeSpan> Submitted, Dictionary<long, TimeSpan> Accepted, Dictionary<long, long> Ids)
    {
        public static Answers Of(IReadOnlyList<Try> tries)
        {
            var answers = new Answers([], [], []);
            foreach (var one in tries)
            {
                Least(answers.Submitted, one.Number, one.SubmittedAt);
                if (one.Accepted)
                {
                    Least(answers.Accepted, one.Number, one.AnsweredAt);
                    if (one.EventId is { } id)
                    {
                        answers.Ids.TryAdd(one.Number, id);
                    }
                }
            }

            return answers;
        }

        private static void Least(Dictionary<long, TimeSpan> times, long number, TimeSpan at)
        {
            if (!times.TryGetValue(number, out var before) || at < before)
            {
                times[number] = at;
            }
        }
    }
}
