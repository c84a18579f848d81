namespace Cluster.Cli.Nodes;

/// <summary>A node, and the token to speak to it.</summary>
internal sealed record NodeAddress
{
    /// <summary>Ends in a slash, so that paths can be appended.</summary>
    public required Uri Url { get; init; }

    public required string Token { get; init; }

    /// <summary>Where both were found, in words for a person.</summary>
    public required string Source { get; init; }

    /// <summary>How other machines reach the node, when that is another address and known.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>The process that said it serves this address, when the address comes from a node's own file.</summary>
    public int? LocalProcess { get; init; }

    /// <summary>The address as shown to people: without a trailing slash and without credentials.</summary>
    public string Display => Show(Url);

    public Uri At(string path) => new(Url, path);

    public static string Show(Uri url) => url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');

    public static bool TryParseUrl(string text, out Uri url) =>
        Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out url!)
        && url.Scheme is "http" or "https"
        && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0;
}

/// <summary>The answer to "which node?": an address, or one sentence that says what to do.</summary>
internal abstract record NodeSearch
{
    private NodeSearch()
    {
    }

    /// <param name="Node">The address to use.</param>
    /// <param name="Passed">What else was found and not used, in words for a person.</param>
    public sealed record Found(NodeAddress Node, IReadOnlyList<string> Passed) : NodeSearch;

    public sealed record NotFound(string Sentence) : NodeSearch;
}
