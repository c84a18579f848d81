namespace Cluster.Cli.Connect.Git;

/// <summary>Reads a remote's address as host, owner and name, and nothing else: user, password, port and query are cut off here and go nowhere.</summary>
internal static class GitRemote
{
    // The same hosts by another name, for SSH over the port of HTTPS (GitHub Docs: using SSH over the HTTPS port; GitLab and Bitbucket have the same).
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ssh.github.com"] = "github.com",
        ["altssh.gitlab.com"] = "gitlab.com",
        ["altssh.bitbucket.org"] = "bitbucket.org",
    };

    /// <returns><c>github.com/acme/api</c>, or null for a folder on this machine and for what is no address.</returns>
    public static string? Read(string url)
    {
        if (Split(url.Trim()) is not var (_, authority, path))
        {
            return null;
        }

        var host = HostOf(authority).TrimEnd('.');
        path = Bare(path).Trim('/');
        return host.Length == 0 || path.Length == 0 ? null : $"{Aliases.GetValueOrDefault(host, host).ToLowerInvariant()}/{path}";
    }

    /// <summary>What tells one repository from another, wherever its clones are. Two spellings of an address may be told apart here, but two
    /// repositories are never taken for one: so a port counts, capital letters do where the host is not known to ignore them, and a person's
    /// name does at a host where paths may begin at that person's home.</summary>
    /// <returns>Null for what is no address, or one that means another repository on another machine.</returns>
    public static string? Identify(string url)
    {
        if (Split(url.Trim()) is not var (scheme, authority, path))
        {
            return null;
        }

        var at = authority.LastIndexOf('@');
        var user = at < 0 ? "" : authority[..at].Split(':')[0];
        var place = authority[(at + 1)..];
        var port = place.IndexOf(':', Math.Max(0, place.IndexOf(']', StringComparison.Ordinal)));
        var host = (port < 0 ? place : place[..port]).TrimEnd('.').ToLowerInvariant();
        host = Aliases.GetValueOrDefault(host, host);
        path = Bare(path).TrimEnd('/');
        if (host.Length == 0 || path.Trim('/').Length == 0 || host.StartsWith('[') != host.EndsWith(']') || IsThisMachine(host))
        {
            return null;
        }

        if (Aliases.ContainsValue(host))
        {
            return $"{host}/{path.Trim('/').ToLowerInvariant()}";
        }

        var isSsh = scheme is "scp" or "ssh" or "git+ssh" or "ssh+git";
        var usual = isSsh ? "22" : scheme switch { "https" => "443", "http" => "80", _ => "9418" };
        var behind = port < 0 || place[(port + 1)..] is "" || place[(port + 1)..] == usual ? "" : place[port..];
        return isSsh && user != "git" ? $"{user}@{host}{behind}:{path}" : $"{host}{behind}/{path.Trim('/')}";
    }

    private static bool IsThisMachine(string host) =>
        host is "localhost" or "[::1]" or "0.0.0.0" || host.EndsWith(".localhost", StringComparison.Ordinal) || host.StartsWith("127.", StringComparison.Ordinal);

    private static string Bare(string path)
    {
        path = path.Split('?', '#')[0].TrimEnd('/');
        return path.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? path[..^4] : path;
    }

    private static (string Scheme, string Authority, string Path)? Split(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
        {
            if (url[..scheme].ToLowerInvariant() is not ("https" or "http" or "ssh" or "git" or "git+ssh" or "ssh+git"))
            {
                return null;
            }

            var rest = url[(scheme + 3)..];
            var end = rest.IndexOfAny(['/', '?', '#']);
            return end < 0 || rest[end] != '/' ? null : (url[..scheme].ToLowerInvariant(), rest[..end], rest[end..]);
        }

        // user@host:path, as scp has it (Git: git-clone, GIT URLS): the colon comes before any slash. One letter before it is a drive of Windows,
        // and two colons follow the name of a program.
        var colon = url.IndexOf(':', StringComparison.Ordinal);
        return colon < 2 || url.AsSpan(colon).StartsWith("::") || url.AsSpan(0, colon).IndexOfAny('/', '\\') >= 0 ? null : ("scp", url[..colon], url[(colon + 1)..]);
    }

    private static string HostOf(string authority)
    {
        var host = authority[(authority.LastIndexOf('@') + 1)..];
        var port = host.IndexOf(':', StringComparison.Ordinal);
        return port < 0 ? host : host[..port];
    }
}
