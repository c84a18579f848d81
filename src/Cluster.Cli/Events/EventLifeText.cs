using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Events;

/// <summary>The life of one event, line by line.</summary>
internal static class EventLifeText
{
    public static IEnumerable<string> Lines(EventLife one)
    {
        yield return $"Event {one.Id}: {(one.Name.Length > 0 ? $"{one.Kind} {one.Name}" : one.Kind)} from {one.Sender} ({one.Trust})";
        yield return Line(one.At, "accepted");
        if (one.Verified is { } verified)
        {
            yield return $"  proved by {verified}";
        }

        if (one.ReplayOf is { } first)
        {
            yield return $"  a replay of event {first}";
        }

        if (one.Route is { } route)
        {
            yield return $"  taken by route {route}";
        }

        yield return $"  conversation {one.ChatId}";
        foreach (var delivery in one.Deliveries)
        {
            yield return $"To {delivery.Session}: {DeliveryWords.Explain(delivery.State, delivery.Reason)}";
            foreach (var line in Lines(delivery))
            {
                yield return line;
            }
        }

        if (one.Duplicates > 0)
        {
            yield return $"It came {one.Duplicates} more {(one.Duplicates == 1 ? "time" : "times")} and was dropped as a duplicate.";
        }

        if (one.Replays.Count > 0)
        {
            yield return $"Replayed as {string.Join(", ", one.Replays)}.";
        }

        if (one.History.Count > 0)
        {
            yield return "History:";
            foreach (var note in one.History)
            {
                yield return Line(note.At, note.Note);
            }
        }
    }

    private static IEnumerable<string> Lines(DeliveryLife one)
    {
        if (one.State != "filtered")
        {
            yield return Line(one.QueuedAt, one.HeldUntil is null ? "queued" : "kept back");
        }

        if (one is { State: "held", HeldUntil: { } until })
        {
            yield return Line(until, "will be let go, or later if more of its fold comes");
        }

        if (one is { State: "folded", FoldedState: { } state })
        {
            yield return $"  The message that it goes with: {DeliveryWords.Explain(state, null)}";
        }

        if (one.SentAt is { } sent)
        {
            yield return Line(sent, $"sent{(one.Batch is { } batch ? $" in batch {batch}" : "")}{(one.Attempts > 1 ? $", for the {Ordinal(one.Attempts)} time" : "")}");
        }

        if (one.ReceivedAt is { } received)
        {
            yield return Line(received, "reached Claude Code");
        }

        if (one.AnsweredAt is { } answered)
        {
            yield return Line(answered, one.AnsweredBy switch
            {
                "ack" => "marked as handled (ack)",
                { } reply => $"answered by message {reply}",
                null => "answered; by what was not kept",
            });
        }

        foreach (var answer in one.Answers.Where(answer => answer.Id != one.AnsweredBy || answer.Refused is not null))
        {
            yield return Line(answer.At, $"message {answer.Id} answers it{(answer.Refused is { } why ? $"; its platform did not take it: {why}" : "")}");
        }

        if (one.State is "held" or "queued" or "sent" or "expired")
        {
            yield return Line(one.ExpiresAt, one.State == "expired" ? "its time was over" : "its time will be over");
        }

        foreach (var shown in one.Shown)
        {
            yield return $"  its message {shown.MessageId} in the chat shows: {(shown.Shown.Length > 0 ? shown.Shown : "nothing")}";
        }
    }

    private static string Line(DateTimeOffset at, string text) => $"  {Screen.Time(at)}  {text}";

    private static string Ordinal(int number) => (number % 100, number % 10) switch
    {
        (not 11, 1) => $"{number}st",
        (not 12, 2) => $"{number}nd",
        (not 13, 3) => $"{number}rd",
        _ => $"{number}th",
    };
}
