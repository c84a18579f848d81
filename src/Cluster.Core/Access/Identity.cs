using System.Text.RegularExpressions;
using Cluster.Core.Sessions;

namespace Cluster.Core.Access;

/// <summary>Who speaks, as <c>platform:id</c> with an id that never changes: <c>console:alice</c>, <c>telegram:184</c>,
/// <c>session:alice/api</c>, <c>source:ci</c>.</summary>
public readonly partial record struct Identity(string Value)
{
    private const string ConsolePrefix = "console:";
    private const string SessionPrefix = "session:";

    public override string ToString() => Value;

    public static Identity Console(string principal) => new(ConsolePrefix + principal);

    public static Identity Session(SessionId session) => new(SessionPrefix + session);

    /// <summary>Somebody at a chat platform.</summary>
    /// <param name="platform"><c>telegram</c> or <c>discord</c>.</param>
    /// <param name="id">The platform's number of the account.</param>
    public static Identity Chat(string platform, string id) => new($"{platform}:{id}");

    public static Identity Source(string name) => new($"source:{name}");

    /// <summary>The session that speaks, when it is one.</summary>
    public bool IsSession(out SessionId session)
    {
        session = default;
        return Value?.StartsWith(SessionPrefix, StringComparison.Ordinal) == true
            && SessionId.TryParse(Value[SessionPrefix.Length..], caller: "", out session);
    }

    /// <summary>Somebody at a chat platform, known by a number.</summary>
    public bool IsChat => Value is not null && ChatForm().IsMatch(Value);

    /// <summary>Reads an identity that an allowlist may name. Wildcards are refused: everybody is never a list.</summary>
    public static bool TryParse(string? text, out Identity identity)
    {
        identity = default;
        if (text is null)
        {
            return false;
        }

        var read = new Identity(text);
        if (!read.IsSession(out _) && !read.IsChat && !(text.StartsWith(ConsolePrefix, StringComparison.Ordinal) && Slug.IsValid(text[ConsolePrefix.Length..])))
        {
            return false;
        }

        identity = read;
        return true;
    }

    [GeneratedRegex(@"\A(telegram|discord):[0-9]{1,24}\z")]
    private static partial Regex ChatForm();
}
