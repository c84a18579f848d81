using System.Text;

namespace Cluster.Storage.Engines;

/// <summary>Text as PostgreSQL can hold it: it has no NUL and no half of a surrogate pair. Neither means anything to anybody; each
/// becomes the replacement character.</summary>
internal static class PostgresText
{
    public static string Fit(string text)
    {
        var fine = !text.Contains('\0');
        for (var i = 0; fine && i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                fine = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
                i++;
            }
        }

        return fine ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');
    }
}
