using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Cluster.Core.Chats;

/// <summary>A code that links whoever sends it to a bot with the principal whose terminal showed it: a handle, which says which code is
/// meant, and a secret of 47 bits, which is guessed five times at the most.</summary>
public sealed partial record PairingCode(string Handle, string Secret)
{
    public static readonly TimeSpan ValidFor = TimeSpan.FromMinutes(10);

    /// <summary>Wrong secrets that burn a code.</summary>
    public const int MaxFailed = 5;

    // No vowels and no look-alikes: a code is typed from a screen.
    private const string Alphabet = "23456789bcdfghjkmnpqrstvwxyz";

    public override string ToString() => $"{Handle}-{Secret}";

    public static PairingCode New() => new(RandomNumberGenerator.GetString(Alphabet, 4), RandomNumberGenerator.GetString(Alphabet, 10));

    /// <summary>Reads a code, alone or behind Telegram's <c>/start</c>.</summary>
    public static bool TryParse(string text, out PairingCode code)
    {
        code = null!;
        if (Form().Match(text) is not { Success: true } match)
        {
            return false;
        }

        code = new PairingCode(match.Groups[1].Value.ToLowerInvariant(), match.Groups[2].Value.ToLowerInvariant());
        return true;
    }

    [GeneratedRegex(@"\A\s*(?:/start\s+)?([2-9bcdfghjkmnpqrstvwxyz]{4})-([2-9bcdfghjkmnpqrstvwxyz]{10})\s*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
