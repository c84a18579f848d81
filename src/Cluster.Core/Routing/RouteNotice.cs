using Cluster.Core.Events;
using Cluster.Core.Sessions;

namespace Cluster.Core.Routing;

/// <summary>What people are told of an event beside its session: only what platforms make, never a word that a stranger can write.</summary>
public sealed record RouteNotice
{
    /// <summary>Characters of a notice.</summary>
    public const int MaxLength = 500;

    private const int MaxNameLength = 60;
    private const int MaxValueLength = 40;

    private static readonly string[] Told = ["repository", "conclusion", "status", "severity"];

    public required long EventId { get; init; }

    /// <summary>The session that has it.</summary>
    public required SessionId Session { get; init; }

    /// <summary>The delivery's state there.</summary>
    public required string State { get; init; }

    /// <summary>As it stands in the event's content.</summary>
    public required WebhookSummary Summary { get; init; }

    /// <summary>Set when nobody has received it for so long.</summary>
    public TimeSpan? Unreceived { get; init; }

    /// <summary>In Markdown in which nothing is formed but names.</summary>
    public override string ToString()
    {
        // Nothing of what anybody may have written; the source's own name is no matter of theirs.
        // The same word is not told under two names.
        var values = RoutedEvent.Of("", Summary with { Untrusted = [] }).Values;
        var fields = string.Concat(Told.Where(values.ContainsKey).DistinctBy(field => values[field]).Select(field => $", {field} {Code(values[field], MaxValueLength)}"));
        var url = values.GetValueOrDefault("url") is { } text && text.StartsWith("https://", StringComparison.Ordinal) && Webhooks.Shapes.Url().IsMatch(text)
            ? $"{text}\n"
            : "";
        var late = Unreceived is { } time ? $"Nobody has received this for {Duration.Write(time)}. " : "";
        var (head, tail) = (Code(Summary.Name, MaxNameLength), $"{late}Event {EventId} is with {Code($"{Session}", MaxLength)}: {InWords(State)}.");

        // What does not fit is left out, the address first: the event's id stands there in any case.
        return new[] { $"{head}{fields}\n{url}{tail}", $"{head}{fields}\n{tail}" }.FirstOrDefault(whole => whole.Length < MaxLength) ?? $"{head}\n{tail}";
    }

    private static string InWords(string state) => state switch
    {
        "queued" => "it waits",
        "sent" => "it was sent and is not confirmed yet",
        "received" => "it reached Claude Code",
        "answered" => "it is answered",
        _ => "it is not delivered",
    };

    private static string Code(string text, int most) =>
        $"`{HostileText.Cut(HostileText.Reveal(text), most).Replace('`', '\'').ReplaceLineEndings(" ")}`";
}
