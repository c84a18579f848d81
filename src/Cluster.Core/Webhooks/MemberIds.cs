using System.Globalization;
using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks;

/// <summary>How a sender names people for good. Names can be given up and taken by somebody else, so none counts.</summary>
/// <param name="Form">The form of an id.</param>
/// <param name="Expected">What it is, in words that stand after "an author is".</param>
public sealed record AuthorIds(Regex Form, string Expected)
{
    /// <summary>Ids that one source may have.</summary>
    public const int Most = 500;

    internal static AuthorIds Number(string where) => new(Shapes.AuthorNumber(), $"the number that {where}, not a name");
}

/// <summary>The people whose words the operator counts as a member's, by the ids that the sender gives them for good.</summary>
internal readonly struct MemberIds(SourceSettings settings)
{
    public bool Has(long? id) => id is { } number && Has(number.ToString(CultureInfo.InvariantCulture));

    public bool Has(string? id) => id is not null && settings.Authors?.Contains(id) == true;
}
