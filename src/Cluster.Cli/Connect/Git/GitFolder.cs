using System.Text;

namespace Cluster.Cli.Connect.Git;

/// <summary>Reads git's own files by hand (Git: gitrepository-layout, git-config). No program is run: one that is made to read a strange
/// repository may be made to run what stands in it. Whatever cannot be read is as if it were not there.</summary>
internal static class GitFolder
{
    private const int MaxConfig = 1024 * 1024; // bytes
    private const int MaxLine = 4 * 1024;
    private const int MaxDepth = 64;
    private const string Heads = "ref: refs/heads/";

    /// <summary>The address of the remote <c>origin</c> as it is written, and the branch; either may be null.</summary>
    public static (string? Origin, string? Branch) Read(string folder)
    {
        try
        {
            return Find(folder) is not var (_, git) ? default : (Origin(CommonOf(git)), Branch(Text(Path.Combine(git, "HEAD"), MaxLine)));
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            return default;
        }
    }

    /// <summary>The folder that holds the working tree, the one that all working trees of the repository share, and the remote <c>origin</c> as
    /// it is written. Null where there is no repository.</summary>
    public static (string Top, string Common, string? Origin)? Locate(string folder)
    {
        try
        {
            return Find(folder) is not var (top, git) ? null : (top, CommonOf(git), Origin(CommonOf(git)));
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            return null;
        }
    }

    /// <summary>The first address of <c>[remote "origin"]</c>.</summary>
    public static string? OriginIn(string? config)
    {
        var inOrigin = false;
        foreach (var line in Lines(config ?? ""))
        {
            if (line.StartsWith('['))
            {
                var end = line.IndexOf(']', StringComparison.Ordinal);
                inOrigin = end > 0 && IsOrigin(line[1..end]);
                if (inOrigin && Value(line[(end + 1)..]) is { } behind) // on the section's own line
                {
                    return behind;
                }
            }
            else if (inOrigin && Value(line) is { } value)
            {
                return value;
            }
        }

        return null;
    }

    private static string? Origin(string common) => IsOpen(common) ? OriginIn(Text(Path.Combine(common, "config"), MaxConfig)) : null;

    private static string CommonOf(string git) =>
        Text(Path.Combine(git, "commondir"), MaxLine) is { } way ? Path.GetFullPath(way.Trim(), git) : git;

    private static bool IsUnreadable(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    private static bool IsOrigin(string section)
    {
        var space = section.IndexOfAny([' ', '\t']);
        return space > 0
            && section[..space].Equals("remote", StringComparison.OrdinalIgnoreCase)
            && section[space..].Trim() == "\"origin\"";
    }

    private static string? Value(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && line[..equals].Trim().Equals("url", StringComparison.OrdinalIgnoreCase)
            ? Unquote(line[(equals + 1)..].Trim()) is { Length: > 0 } value ? value : null
            : null;
    }

    // Quotes come off, a comment ends the value, and a backslash keeps the next sign.
    private static string Unquote(string text)
    {
        var value = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                quoted = !quoted;
            }
            else if (text[i] == '\\' && i + 1 < text.Length)
            {
                value.Append(text[++i]);
            }
            else if (!quoted && text[i] is '#' or ';')
            {
                break;
            }
            else
            {
                value.Append(text[i]);
            }
        }

        return value.ToString().Trim();
    }

    private static IEnumerable<string> Lines(string text)
    {
        var whole = "";
        foreach (var line in text.Split('\n'))
        {
            var trimmed = line.TrimEnd('\r');
            if (trimmed.EndsWith('\\') && whole.Length < MaxLine)
            {
                whole += trimmed[..^1];
                continue;
            }

            yield return (whole + trimmed).Trim();
            whole = "";
        }
    }

    private static string? Branch(string? head) =>
        head?.TrimEnd() is { } text && text.StartsWith(Heads, StringComparison.Ordinal) && text.Length > Heads.Length ? text[Heads.Length..] : null;

    // .git is a folder, or in a worktree or submodule a file that says where that is.
    private static (string Top, string Git)? Find(string folder)
    {
        var at = Path.GetFullPath(folder);
        for (var i = 0; at is not null && i < MaxDepth; i++, at = Path.GetDirectoryName(at))
        {
            var git = Path.Combine(at, ".git");
            if (Directory.Exists(git))
            {
                return (at, git);
            }

            if (Text(git, MaxLine)?.Trim() is { } text && text.StartsWith("gitdir:", StringComparison.Ordinal))
            {
                var named = Path.GetFullPath(text["gitdir:".Length..].Trim(), at);
                return IsOpen(named) ? (at, named) : null;
            }
        }

        return null;
    }

    /// <summary>Whether a full path of Windows is on one of its drives. A strange .git file must not make Windows log in to a strange server,
    /// and there are many ways to write one: <c>\\server</c>, <c>\??\UNC\server</c>, <c>\\?\UNC\server</c>, <c>\\.\pipe</c>.</summary>
    public static bool IsOnDrive(string path) =>
        path.Length >= 3 && char.IsAsciiLetter(path[0]) && path[1] == ':' && path[2] == '\\';

    private static bool IsOpen(string path) => !OperatingSystem.IsWindows() || IsOnDrive(path);

    // From the root down: what lies behind a link is touched only once it is known where that leads.
    private static bool LinksStay(string path, int depth = 0)
    {
        if (!OperatingSystem.IsWindows())
        {
            return true;
        }

        if (depth > MaxDepth || (Path.GetDirectoryName(path) is { } parent && !LinksStay(parent, depth + 1)))
        {
            return false;
        }

        return new FileInfo(path).LinkTarget is not { } target
            || (Path.GetFullPath(target, Path.GetDirectoryName(path) ?? path) is var full && IsOnDrive(full) && LinksStay(full, depth + 1));
    }

    // A pipe or a device says that it is empty; reading it might never end.
    private static string? Text(string path, int most)
    {
        if (!LinksStay(path))
        {
            return null;
        }

        var file = File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is FileInfo target ? target : new FileInfo(path);
        if (!file.Exists || file.Length == 0 || file.Length > most)
        {
            return null;
        }

        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), Encoding.UTF8);
        var buffer = new char[file.Length];
        return new string(buffer, 0, reader.ReadBlock(buffer));
    }
}
