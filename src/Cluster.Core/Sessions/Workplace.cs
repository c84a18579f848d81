using System.Text.RegularExpressions;

namespace Cluster.Core.Sessions;

/// <summary>Where a client says that its session works. It proves nothing and is no right: it only chooses among sessions that a source reaches anyway.</summary>
public sealed partial record Workplace
{
    public static readonly Workplace None = new();

    /// <summary>Host, owner and name: <c>github.com/acme/api</c>.</summary>
    public string? Repository { get; init; }

    public string? Branch { get; init; }

    /// <summary>The folder's last name, never its whole path.</summary>
    public string? Folder { get; init; }

    /// <summary>The repository in the one form in which it is compared: neither hosts nor the platforms tell capital letters apart.</summary>
    public string? Place => Repository?.ToLowerInvariant();

    /// <summary>Takes what fits its pattern and leaves out the rest; the patterns have no room for a sentence, a path or a secret.</summary>
    public static Workplace Read(string? repository, string? branch, string? folder) => new()
    {
        Repository = repository is not null && repository.Length <= 300 && RepositoryText().IsMatch(repository) ? repository : null,
        Branch = branch is not null && BranchText().IsMatch(branch) ? branch : null,
        Folder = folder is not null && FolderText().IsMatch(folder) ? folder : null,
    };

    public override string ToString() =>
        string.Join(" ", new[] { Repository, Branch is null ? null : $"({Branch})", Folder is null ? null : $"in {Folder}" }.OfType<string>());

    // A host, and two names or more; none is . or .. and so a way to somewhere else.
    [GeneratedRegex(@"\A[A-Za-z0-9](?:[A-Za-z0-9.-]{0,98}[A-Za-z0-9])?(?:/(?!\.{1,2}(?:/|\z))[A-Za-z0-9_.-]{1,100}){2,9}\z")]
    private static partial Regex RepositoryText();

    // As an event's proved branch may be: others are never equal to one.
    [GeneratedRegex(@"\A[A-Za-z0-9_.-]{1,100}(?:/[A-Za-z0-9_.-]{1,100}){0,8}\z")]
    private static partial Regex BranchText();

    [GeneratedRegex(@"\A[A-Za-z0-9_.()+-][A-Za-z0-9 _.()+-]{0,62}\z")]
    private static partial Regex FolderText();
}
