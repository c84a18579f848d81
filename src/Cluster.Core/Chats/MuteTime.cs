using System.Text.RegularExpressions;

namespace Cluster.Core.Chats;

/// <summary>How long somebody wants no sound: <c>30m</c>, <c>2h</c>, <c>1d</c>, or <c>off</c>.</summary>
public static partial class MuteTime
{
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>For people who wrote something else.</summary>
    public const string Expected = "`/mute 30m`, `/mute 2h` or `/mute 1d`, 7 days at the most; `/mute off` ends it";

    /// <param name="text">As written.</param>
    /// <param name="time">Zero for <c>off</c>.</param>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        if (text.Trim().ToLowerInvariant() is var word && word == "off")
        {
            return true;
        }

        if (Form().Match(word) is not { Success: true } match)
        {
            return false;
        }

        var number = int.Parse(match.Groups[1].Value);
        time = match.Groups[2].Value switch
        {
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => TimeSpan.FromDays(number),
        };
        return time > TimeSpan.Zero && time <= Longest;
    }

    [GeneratedRegex(@"\A([0-9]{1,5})\s*([mhd])\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
