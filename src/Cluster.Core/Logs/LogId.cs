using System.Diagnostics.CodeAnalysis;

namespace Cluster.Core.Logs;

/// <summary>Which grain a log belongs to: what it is and its key, <c>session/alice/api</c>.</summary>
public readonly record struct LogId(string Kind, string Key)
{
    /// <summary>Characters of the text form at the most.</summary>
    public const int MaxLength = 400;

    public override string ToString() => $"{Kind}/{Key}";

    /// <summary>Reads the exact form that <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static LogId Parse(string text) =>
        TryParse(text, out var log) ? log : throw new FormatException($"'{text}' names no log; expected KIND/KEY.");

    public static bool TryParse([NotNullWhen(true)] string? text, out LogId log)
    {
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        var reads = slash > 0 && slash < text!.Length - 1 && text.Length <= MaxLength;
        log = reads ? new LogId(text![..slash], text[(slash + 1)..]) : default;
        return reads;
    }
}
