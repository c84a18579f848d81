using System.Security.Cryptography;
using System.Text;

namespace Cluster.Core.Sessions;

/// <summary>What a connector process works on, by a hash: the same for every clone and worktree of one repository, another for everything
/// else that has the same folder name. It is no right and proves nothing: it keeps the projects of one person apart.</summary>
public sealed record Project
{
    public const string Expected = "64 characters of 0-9 and a-f";

    private const int KeyLength = 64;

    public required string Key { get; init; }

    /// <summary>What the same folder was before its repository had a remote; null where <see cref="Key"/> is that already.</summary>
    public string? Earlier { get; init; }

    /// <summary>The repository as clients tell it (<see cref="Workplace.Place"/>), by which sessions from before there were keys are known.</summary>
    public string? Place { get; init; }

    public static bool IsKey(string text) =>
        text.Length == KeyLength && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Hashes what identifies a project. No part can hold a zero character, so no two lists of parts are the same text.</summary>
    public static string KeyOf(params string[] parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts))));

    public bool Is(string? key) => key is not null && (key == Key || key == Earlier);
}
