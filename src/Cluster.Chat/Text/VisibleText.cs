using System.Text;
using Cluster.Core.Events;

namespace Cluster.Chat.Text;

/// <summary>Takes out of a text what hides, steers or forges, and leaves emoji whole.</summary>
internal static class VisibleText
{
    private const int Joiner = 0x200D;
    private const int EmojiSelector = 0xFE0F;
    private const int Keycap = 0x20E3;

    // The longest emoji of Unicode's list joins four people; a longer chain only hides how long it is.
    private const int MaxJoiners = 4;

    /// <summary>
    /// Line ends become one kind, and what <see cref="HostileText.IsForbidden"/> names is removed. Two kinds stay, and only where they
    /// keep an emoji whole: a joiner between two emoji, and the selector that asks for an emoji's colours. Flags made of tag characters
    /// become plain flags: tags can spell out anything.
    /// </summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        var (before, joiners) = (default(Rune), 0);
        for (var at = 0; at < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, at, out var rune))
            {
                at++; // half of a surrogate pair
                continue;
            }

            at += rune.Utf16SequenceLength;
            if (rune.Value is '\r' or 0x2028 or 0x2029 or 0x0085)
            {
                rune = new Rune('\n');
                at += text[at - 1] == '\r' && at < text.Length && text[at] == '\n' ? 1 : 0;
            }

            var after = at < text.Length && Rune.TryGetRuneAt(text, at, out var next) ? next.Value : 0;
            var kept = rune.Value switch
            {
                Joiner => (IsEmoji(before.Value) || before.Value == EmojiSelector) && IsEmoji(after) && joiners < MaxJoiners,
                EmojiSelector => IsEmoji(before.Value) || (before.Value is >= '0' and <= '9' or '#' && after == Keycap),
                _ => !HostileText.IsForbidden(rune),
            };
            if (kept)
            {
                clean.Append(rune.ToString());
                joiners = rune.Value == Joiner ? joiners + 1 : before.Value == Joiner || rune.Value == EmojiSelector ? joiners : 0;
                before = rune;
            }
        }

        return clean.ToString();
    }

    private static bool IsEmoji(int c) =>
        c is 0xA9 or 0xAE or 0x203C or 0x2049 or 0x2122 or 0x2139 or 0x24C2 or 0x3030 or 0x303D or 0x3297 or 0x3299
            or (>= 0x2190 and <= 0x21FF) or (>= 0x2300 and <= 0x23FF) or (>= 0x25A0 and <= 0x27BF) or (>= 0x2900 and <= 0x297F)
            or (>= 0x2B00 and <= 0x2BFF) or (>= 0x1F000 and <= 0x1FAFF);
}
