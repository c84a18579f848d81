using Cluster.Core.Sessions;

namespace Cluster.Core.Access;

/// <summary>Who speaks, as <c>platform:id</c> with an id that never changes: <c>console:alice</c>, <c>session:alice/api</c>, <c>source:ci</c>.</summary>
public readonly record struct Identity(string Value)
{
    private const string ConsolePrefix = "console:";
    private const string SessionPrefix = "session:";

    public override string ToString() => Value;

    public static Identity Console(string principal) => new(ConsolePrefix + principal);

    public static Identity Session(SessionId session) => new(SessionPrefix + session);

    public static Identity Source(string name) => new($"source:{name}");

    /// <summary>The session that speaks, when it is one.</summary>
    public bool IsSession(out SessionId session)
    {
        session = default;
        return Value?.StartsWith(SessionPrefix, StringComparison.Ordinal) == true
            && SessionId.TryParse(Value[SessionPrefix.Length..], caller: "", out session);
    }

    /// <summary>Reads an identity that an allowlist may name. Wildcards are refused: everybody is never a list.</summary>
    public static bool TryParse(string? text, out Identity identity)
    {
        identity = default;
        if (text is null)
        {
            return false;
        }

        var read = new Identity(text);
        if (!read.IsSession(out _) && !(text.StartsWith(ConsolePrefix, StringComparison.Ordinal) && Slug.IsValid(text[ConsolePrefix.Length..])))
        {
            return false;
        }

        identity = read;
        return true;
    }
}
