using System.Collections.Frozen;
using Cluster.Core.Events;

namespace Cluster.Core.Webhooks.Facts;

/// <summary>What somebody on call learns from a fact.</summary>
public enum FactRole
{
    /// <summary>Something beside the four.</summary>
    Beside,

    /// <summary>What broke, or what it is about.</summary>
    What,

    /// <summary>Where.</summary>
    Where,

    /// <summary>How bad it is, or how it ended.</summary>
    Bad,

    /// <summary>Where to look.</summary>
    Link,
}

/// <summary>One fact of an event: under which name it is told, and where in the payload it stands.</summary>
/// <param name="Role">What is learned from it.</param>
/// <param name="Field">Its name; who writes it says the row of that name in the kind's <see cref="FieldFact"/>s.</param>
/// <param name="From">Paths, of which the first that has something counts, with <c>|</c> between; empty where the reader counts or concludes it.</param>
/// <param name="Limit">Characters that are told of it.</param>
public sealed record EventFact(FactRole Role, string Field, string From, int Limit)
{
    private readonly FactPath[] _paths = From.Length == 0 ? [] : Array.ConvertAll(From.Split('|'), FactPath.Read);

    internal WebhookField? Read(PayloadFields f)
    {
        foreach (var path in _paths)
        {
            if (path.Find(f.Root) is { } found && (Role != FactRole.Link || (found.Text is { } link && Shapes.Link().IsMatch(link))))
            {
                return found.Number is { } number ? new WebhookField { Name = Field, Number = number } : Fields.Text(Field, found.Text, Limit);
            }
        }

        return null;
    }
}

/// <summary>By which word of its an event wakes somebody.</summary>
/// <param name="Field">The fact that says it.</param>
/// <param name="From">Where that stands.</param>
/// <param name="Rests">The words of which nobody need hear: a success, a recovery, a step on the way. What is not among them is told, since it may be new.</param>
public sealed record Outcome(string Field, string From, string Rests)
{
    private readonly FrozenSet<string> _rests = Rests.Split(' ').ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    private readonly EventFact _fact = new(FactRole.Beside, Field, From, Fields.Short);

    internal string? FilterReason(PayloadFields f) => _fact.Read(f)?.Text is { } word && _rests.Contains(word) ? "not a failure" : null;
}

/// <summary>One row of the table of events: what is told of it.</summary>
/// <param name="Event">Its name without its platform; <c>*</c> for all that have no row.</param>
/// <param name="Facts">In the order in which they are told.</param>
public sealed record EventFacts(string Event, params IReadOnlyList<EventFact> Facts)
{
    /// <summary>What is told of an event that has no row.</summary>
    public const string Any = "*";

    /// <summary>By which word it is only recorded; null when it is always told, or its reader asks for more than a word.</summary>
    public Outcome? Outcome { get; init; }

    /// <summary>When it is only recorded, in words, where its reader asks for more than a word.</summary>
    public string? Rests { get; init; }

    /// <summary>True when strangers have a hand in it, and it does not say who: names are told, sentences are not.</summary>
    public bool Strangers { get; init; }

    internal List<WebhookField> Read(PayloadFields f)
    {
        var told = new List<WebhookField>(Facts.Count);
        foreach (var fact in Facts)
        {
            if (fact.Read(f) is { } field)
            {
                told.Add(field);
            }
        }

        return told;
    }
}

/// <summary>Makes rows of the table of events.</summary>
internal static class EventRows
{
    public static EventFact What(string field, string from) => new(FactRole.What, field, from, Fields.Short);

    public static EventFact Where(string field, string from) => new(FactRole.Where, field, from, Fields.Short);

    public static EventFact Bad(string field, string from) => new(FactRole.Bad, field, from, Fields.Short);

    public static EventFact Link(string field, string from) => new(FactRole.Link, field, from, 500);

    public static EventFact Also(string field, string from) => new(FactRole.Beside, field, from, Fields.Short);

    public static EventFact Prose(string field, string from) => new(FactRole.Beside, field, from, Fields.Long);

    /// <summary>What the reader counts or concludes.</summary>
    public static IEnumerable<EventFact> Counted(params string[] fields) => fields.Select(field => Also(field, ""));

    /// <summary>One event under the names that it has.</summary>
    public static IEnumerable<EventFacts> Each(string events, EventFacts row) => events.Split(' ').Select(one => row with { Event = one });

    public static FrozenDictionary<string, EventFacts> ByName(IEnumerable<EventFacts> rows) => rows.ToFrozenDictionary(row => row.Event);
}
