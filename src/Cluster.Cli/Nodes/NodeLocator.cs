using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Nodes;

/// <summary>What the person said on the command line about which node to use.</summary>
internal sealed record NodeChoice(string? Url = null, string? TokenFile = null);

/// <summary>
/// Finds the node. First match wins: the command line, the environment, the stored login, the file of a node on this machine.
/// A token is only ever paired with the address it was given for.
/// </summary>
internal sealed class NodeLocator(NodeChoice choice, Func<string, string?> environment)
{
    private readonly ClusterHome _home = ClusterHome.Find(environment);

    public ClusterHome Home => _home;

    /// <summary>What this process was told by its environment.</summary>
    public Func<string, string?> Environment => environment;

    /// <summary>Reads everything anew, so that a later login is noticed.</summary>
    public NodeSearch Find()
    {
        try
        {
            return Search();
        }
        catch (CommandFailure failure)
        {
            return new NodeSearch.NotFound(failure.Message);
        }
    }

    public NodeAddress Require() => Find() switch
    {
        NodeSearch.Found found => found.Node,
        NodeSearch.NotFound notFound => throw new CommandFailure(notFound.Sentence),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>The stored login, whatever else is set.</summary>
    public (NodeAddress Node, string TokenId)? StoredLogin() =>
        Read(_home.Credentials, CredentialsJson.Default.Credentials) is { } login ? (FromLogin(login), login.TokenId) : null;

    private NodeSearch Search()
    {
        var url = SaidUrl();
        var token = SaidToken();
        if (url is not null && token is not null)
        {
            return new NodeSearch.Found(
                new NodeAddress { Url = url.Value.Url, Token = token.Value.Token, Source = $"{url.Value.From} and {token.Value.From}" },
                PassedOver(""));
        }

        var stored = Stored();
        if (url is not null)
        {
            return stored.FirstOrDefault(node => node.Url == url.Value.Url) is { } match
                ? new NodeSearch.Found(match with { Source = $"{url.Value.From}, with the token of {match.Source}" }, [])
                : new NodeSearch.NotFound(
                    $"No token is known for {NodeAddress.Show(url.Value.Url)} of {url.Value.From}; pass --token-file, set CLUSTER_TOKEN, "
                    + "or run `cluster login` with an invitation to that node.");
        }

        if (token is not null)
        {
            return stored.FirstOrDefault() is { } node
                ? new NodeSearch.Found(node with { Token = token.Value.Token, Source = $"{token.Value.From}, with the address of {node.Source}" }, [])
                : new NodeSearch.NotFound($"{token.Value.From} gives a token but no node's address is known; pass --url or set CLUSTER_URL.");
        }

        return stored.FirstOrDefault() is { } first
            ? new NodeSearch.Found(first, PassedOver(first.LocalProcess is null ? _home.Credentials : _home.Local))
            : new NodeSearch.NotFound(
                "No node is known on this machine; run `cluster login URL` with the invitation you were given, or start a node here.");
    }

    private (Uri Url, string From)? SaidUrl()
    {
        var (text, from) = choice.Url is { } option ? (option, "--url") : (environment("CLUSTER_URL"), "CLUSTER_URL");
        return string.IsNullOrEmpty(text)
            ? null
            : NodeAddress.TryParseUrl(text, out var url)
                ? (url, from)
                : throw new CommandFailure($"{from} must be an address like http://127.0.0.1:7433, without user, query or fragment.");
    }

    private (string Token, string From)? SaidToken()
    {
        if (choice.TokenFile is { } option)
        {
            return (ReadToken(option, "--token-file"), "--token-file");
        }

        if (environment("CLUSTER_TOKEN") is { Length: > 0 } token)
        {
            return (CheckToken(token, "CLUSTER_TOKEN"), "CLUSTER_TOKEN");
        }

        return environment("CLUSTER_TOKEN_FILE") is { Length: > 0 } file
            ? (ReadToken(file, "CLUSTER_TOKEN_FILE"), "CLUSTER_TOKEN_FILE")
            : null;
    }

    private IReadOnlyList<string> PassedOver(string used) =>
        [.. new[] { _home.Credentials, _home.Local }.Where(path => path != used && File.Exists(path))];

    private IEnumerable<NodeAddress> Stored()
    {
        if (Read(_home.Credentials, CredentialsJson.Default.Credentials) is { } login)
        {
            yield return FromLogin(login);
        }

        if (Read(_home.Local, ApiJson.Default.LocalNode) is { } local)
        {
            yield return new NodeAddress
            {
                Url = ParseStored(local.Url, _home.Local),
                PublicUrl = local.PublicUrl is { } url ? ParseStored(url, _home.Local) : null,
                Token = ReadToken(local.TokenFile, _home.Local),
                Source = $"this machine's node in {_home.Local}",
                LocalProcess = local.ProcessId,
            };
        }
    }

    private NodeAddress FromLogin(Credentials login) => new()
    {
        Url = ParseStored(login.Url, _home.Credentials),
        Token = CheckToken(login.Token, _home.Credentials),
        Source = $"the login as {login.Principal} in {_home.Credentials}",
    };

    private static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            OwnerOnly.CloseFile(path);
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CommandFailure($"{path} is not the JSON that was expected; delete it, or run `cluster login` again.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"{path} cannot be read: {e.Message}");
        }
    }

    private static Uri ParseStored(string text, string path) =>
        NodeAddress.TryParseUrl(text, out var url)
            ? url
            : throw new CommandFailure($"The url in {path} is no http address; delete the file, or run `cluster login` again.");

    private static string ReadToken(string path, string from)
    {
        try
        {
            return CheckToken(File.ReadAllText(path).Trim(), from);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"The token file {path} of {from} cannot be read: {e.Message}");
        }
    }

    // A token goes into a header: anything but visible ASCII would be refused there with less clear words.
    private static string CheckToken(string token, string from) =>
        token.Length is > 0 and < 4096 && token.All(c => c is > ' ' and < '\x7f')
            ? token
            : throw new CommandFailure($"The token of {from} is empty or has characters that no token has.");
}
