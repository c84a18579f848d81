using Cluster.Core.Sessions;

namespace Cluster.Core.Access;

/// <summary>Who speaks, as <c>platform:id</c> with an id that never changes: <c>console:alice</c>, <c>session:alice/api</c>, <c>source:ci</c>.</summary>
public readonly record struct Identity(string Value)
{
    public override string ToString() => Value;

    public static Identity Console(string principal) => new($"console:{principal}");

    public static Identity Session(SessionId session) => new($"session:{session}");

    public static Identity Source(string name) => new($"source:{name}");

    /// <summary>Reads an identity that an allowlist may name. Wildcards are refused: everybody is never a list.</summary>
    public static bool TryParse(string? text, out Identity identity)
    {
        identity = default;
        if (text is null || !text.StartsWith("console:", StringComparison.Ordinal) || !Slug.IsValid(text["console:".Length..]))
        {
            return false;
        }

        identity = new Identity(text);
        return true;
    }
}
