using System.Text.RegularExpressions;

namespace Cluster.Core.Chats;

/// <summary>What a line that somebody wrote to a bot asks for.</summary>
public abstract partial record ChatLine
{
    private ChatLine()
    {
    }

    /// <summary>Words for a session.</summary>
    /// <param name="Session">The session named at its start by <c>@name</c>; null for whichever it reaches.</param>
    /// <param name="Text">Without that name.</param>
    public sealed record Say(string? Session, string Text) : ChatLine;

    /// <summary><c>/word rest</c>.</summary>
    public sealed record Command(string Name, string Argument) : ChatLine;

    /// <summary><c>yes abcde</c> or <c>no abcde</c>.</summary>
    public sealed record Verdict(bool Allow, string RequestId) : ChatLine;

    /// <summary>Whether these words alone, in answer to a permission request, allow or deny it; null for all other words.</summary>
    public static bool? ReadAnswer(string text) => text.Trim().ToLowerInvariant() switch
    {
        "yes" or "allow" => true,
        "no" or "deny" => false,
        _ => null,
    };

    public static ChatLine Read(string text)
    {
        var line = text.Trim();
        if (VerdictForm().Match(line) is { Success: true } verdict)
        {
            return new Verdict(verdict.Groups[1].Value.StartsWith('y') || verdict.Groups[1].Value.StartsWith('Y'), verdict.Groups[2].Value.ToLowerInvariant());
        }

        if (CommandForm().Match(line) is { Success: true } command)
        {
            return new Command(command.Groups[1].Value.ToLowerInvariant(), command.Groups[2].Value.Trim());
        }

        return NamedForm().Match(line) is { Success: true } named
            ? new Say(named.Groups[1].Value, named.Groups[2].Value)
            : new Say(null, text);
    }

    [GeneratedRegex(@"\A(yes|no|y|n)\s+([a-km-z]{5})\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex VerdictForm();

    [GeneratedRegex(@"\A/([A-Za-z][A-Za-z_-]{0,30})(?:\s+(.*))?\z", RegexOptions.Singleline)]
    private static partial Regex CommandForm();

    // Names as sessions bear them; anything else behind an @ is text.
    [GeneratedRegex(@"\A@([a-z0-9][a-z0-9._-]{0,62}(?:/[a-z0-9][a-z0-9._-]{0,62})?)[:,]?\s+(\S.*)\z", RegexOptions.Singleline)]
    private static partial Regex NamedForm();
}
