using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks.GitHub;

/// <summary>Whose hook it is, and at which GitHub.</summary>
public static partial class CatchUpTarget
{
    public const string PublicApi = "https://api.github.com";

    /// <summary>What is wrong with what is given of it, or null.</summary>
    /// <param name="repository"><c>acme/api</c>, or null.</param>
    /// <param name="organization"><c>acme</c>, or null.</param>
    /// <param name="api">The base of the REST API, or null.</param>
    /// <param name="token">The token, or null.</param>
    public static string? Fault(string? repository, string? organization, string? api, string? token) =>
        repository is not null && organization is not null ? "Name the repository (acme/api) or the organization that has the hook, one of them."
        : repository is not null && !Repository().IsMatch(repository) ? $"'{repository}' is no repository; it is OWNER/NAME, such as acme/api."
        : organization is not null && !Login().IsMatch(organization) ? $"'{organization}' is no organization's name."
        : api is not null && api != PublicApi && !IsEnterprise(api) ? $"'{api}' is no API of GitHub; it is {PublicApi}, or https://HOST/api/v3 of an Enterprise Server."
        : token is not null && !Token().IsMatch(token) ? "A token has 10 to 512 printable ASCII characters without spaces."
        : null;

    /// <summary>How its addresses begin: <c>repos/acme/api</c>.</summary>
    public static string Owner(string? repository, string? organization) => repository is null ? $"orgs/{organization}" : $"repos/{repository}";

    // The pattern lets no path, query or user name in; that it is an address at all, with a port that there is, only the parser knows.
    private static bool IsEnterprise(string api) => EnterpriseApi().IsMatch(api) && Uri.TryCreate(api, UriKind.Absolute, out _);

    // A name of dots alone would be a step in the address.
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9-]{0,99}/(?!\.{1,2}\z)[A-Za-z0-9_.-]{1,100}\z")]
    private static partial Regex Repository();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9-]{0,99}\z")]
    private static partial Regex Login();

    [GeneratedRegex(@"\Ahttps://[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?(:[0-9]{1,5})?/api/v3\z")]
    private static partial Regex EnterpriseApi();

    [GeneratedRegex(@"\A[!-~]{10,512}\z")]
    private static partial Regex Token();
}
