namespace Cluster.Core.Sessions;

/// <summary>The session that a client serves, and why it is this one. Only sentences of ours and the name, which has one plain form, come of it.</summary>
public sealed record GivenName(SessionId Session)
{
    private const string FurtherWord = "further";
    private const string ApartWord = "apart";
    private const string ForeignWord = "foreign";

    /// <summary>Another terminal has the first name of the family.</summary>
    public bool IsFurther { get; init; }

    /// <summary>The name that its folder has is another project's.</summary>
    public bool IsApart { get; init; }

    /// <summary>It was named on purpose and is another project's.</summary>
    public bool IsForeign { get; init; }

    /// <summary>Why, as it goes over the wire; empty for what everybody expects.</summary>
    public string Reasons =>
        string.Join(' ', new[] { IsFurther ? FurtherWord : null, IsApart ? ApartWord : null, IsForeign ? ForeignWord : null }.OfType<string>());

    /// <summary>For Claude, and by it for the person at the terminal.</summary>
    public string Sentence =>
        $"You are session {Session} of Channel Cluster."
        + (IsFurther ? " Another terminal of this project has the first name; both share one allowlist, and each has its own messages." : "")
        + (IsApart ? " The name without the piece behind it belongs to another project, so this one has a name, an allowlist and messages of its own." : "")
        + (IsForeign ? " This session belongs to another project and was named on purpose: its people may talk, watch and approve here, and its messages come here." : "")
        + (IsFurther || IsApart || IsForeign ? " Tell your user this in your first answer." : " Tell your user when asked.");

    /// <summary>Reads what a node says; whatever else it may say is left out.</summary>
    /// <returns>Null for what is no session's name.</returns>
    public static GivenName? Read(string? session, string? reasons)
    {
        // No caller: only the whole form OWNER/NAME counts.
        if (!SessionId.TryParse(session, caller: "", out var id))
        {
            return null;
        }

        var words = (reasons ?? "").Split(' ');
        return new GivenName(id)
        {
            IsFurther = words.Contains(FurtherWord),
            IsApart = words.Contains(ApartWord),
            IsForeign = words.Contains(ForeignWord),
        };
    }
}
