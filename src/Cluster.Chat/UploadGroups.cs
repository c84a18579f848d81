namespace Cluster.Chat;

/// <summary>Cuts files into posts as a platform takes them.</summary>
internal static class UploadGroups
{
    /// <summary>In their order, each kind for itself. One that is too large stands alone, and behind all others: it is refused, and they are sent
    /// before that.</summary>
    /// <param name="files">At least one.</param>
    /// <param name="kind">What may not be mixed.</param>
    /// <param name="most">Files in one post.</param>
    /// <param name="largest">Bytes of all files in one post; a larger file goes alone.</param>
    /// <param name="largestFile">Bytes of one file that the platform takes.</param>
    public static IReadOnlyList<IReadOnlyList<ChatUpload>> Of<TKind>(
        IReadOnlyList<ChatUpload> files, Func<ChatUpload, TKind> kind, int most, long largest, long largestFile)
    {
        var groups = new List<List<ChatUpload>>();
        foreach (var same in files.Where(file => file.Size <= largestFile).GroupBy(kind))
        {
            List<ChatUpload> last = [];
            foreach (var file in same)
            {
                if (last.Count == 0 || last.Count == most || last.Sum(one => one.Size) + file.Size > largest)
                {
                    groups.Add(last = []);
                }

                last.Add(file);
            }
        }

        return [.. groups, .. files.Where(file => file.Size > largestFile).Select(file => (ChatUpload[])[file])];
    }
}
