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
        if (Split(url.Trim()) is not var (host, path))
        {
            return null;
        }

        host = host.TrimEnd('.');
        path = path.Split('?', '#')[0].Trim('/');
        if (path.EndsWith(".git", StringComparison.OrdinalIgnoreCase))
        {
            path = path[..^4];
        }

        return host.Length == 0 || path.Length == 0 ? null : $"{Aliases.GetValueOrDefault(host, host).ToLowerInvariant()}/{path}";
    }

    private static (string Host, string Path)? Split(string url)
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
            return end < 0 || rest[end] != '/' ? null : (HostOf(rest[..end]), rest[end..]);
        }

        // user@host:path, as scp has it (Git: git-clone, GIT URLS): the colon comes before any slash. One letter before it is a drive of Windows,
        // and two colons follow the name of a program.
        var colon = url.IndexOf(':', StringComparison.Ordinal);
        return colon < 2 || url.AsSpan(colon).StartsWith("::") || url.AsSpan(0, colon).IndexOfAny('/', '\\') >= 0 ? null : (HostOf(url[..colon]), url[(colon + 1)..]);
    }

    private static string HostOf(string authority)
    {
        var host = authority[(authority.LastIndexOf('@') + 1)..];
        var port = host.IndexOf(':', StringComparison.Ordinal);
        return port < 0 ? host : host[..port];
    }
}
