using System.Buffers;
using System.Text;
using Cluster.Core.Events;

namespace Cluster.Core.Chats;

/// <summary>Names of files that strangers chose, made harmless on every system.</summary>
public static class SafeFileName
{
    private const int MaxLength = 100; // UTF-16 code units
    private const int MaxBytes = 200; // of UTF-8: a file system takes 255
    private const int MaxExtension = 16;

    // Separators, what Windows forbids, and what means something to a shell or in a channel block.
    private static readonly SearchValues<char> Forbidden = SearchValues.Create("<>:\"/\\|?*&'`$;[]{}!#%~");

    private static readonly SearchValues<char> Ending = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    private static readonly HashSet<string> Reserved = new(
        ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", .. Devices("COM"), .. Devices("LPT")], StringComparer.OrdinalIgnoreCase);

    /// <summary>A name without path, without control or hidden characters, that no system reserves, with its extension kept.</summary>
    /// <param name="name">Anything.</param>
    /// <param name="otherwise">The name where nothing of the given one can stay.</param>
    public static string Of(string name, string otherwise)
    {
        var clean = new StringBuilder();
        foreach (var c in HostileText.Clean(name))
        {
            clean.Append(c is '\n' or '\t' || char.IsWhiteSpace(c) ? ' ' : Forbidden.Contains(c) ? '_' : c);
        }

        var safe = clean.ToString().Trim(' ', '.');
        if (safe.Trim('_', ' ', '.', '-').Length == 0)
        {
            return otherwise;
        }

        var extension = ExtensionOf(safe);
        var stem = Cut(safe[..^extension.Length], MaxLength - extension.Length, MaxBytes - Encoding.UTF8.GetByteCount(extension)).TrimEnd(' ', '.');
        var first = safe.Split('.')[0].TrimEnd();
        return $"{(Reserved.Contains(first) || stem.StartsWith('-') ? "_" : "")}{stem}{extension}";
    }

    /// <summary>The ending by which systems know what opens a file, with its dot; empty where there is none.</summary>
    public static string ExtensionOf(string name) =>
        Path.GetExtension(name) is { Length: > 1 and <= MaxExtension } extension && extension.AsSpan(1).IndexOfAnyExcept(Ending) < 0 ? extension : "";

    private static string Cut(string text, int length, int bytes)
    {
        var (end, used) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            used += rune.Utf8SequenceLength;
            if (end + rune.Utf16SequenceLength > length || used > bytes)
            {
                break;
            }

            end += rune.Utf16SequenceLength;
        }

        return text[..end];
    }

    // Windows reserves those with superscript digits too.
    private static IEnumerable<string> Devices(string name) => "0123456789¹²³".Select(digit => name + digit);
}
