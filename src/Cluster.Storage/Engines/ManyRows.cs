namespace Cluster.Storage.Engines;

/// <summary>Inserts many rows by few statements. They come in three sizes, since every text of a statement stays prepared.</summary>
internal static class ManyRows
{
    private static readonly int[] Sizes = [64, 8, 1];

    /// <param name="db">Where.</param>
    /// <param name="head"><c>INSERT INTO … (…)</c>.</param>
    /// <param name="tail">What stands behind the rows.</param>
    /// <param name="rows">The columns of each row.</param>
    public static async Task InsertAsync(EngineConnection db, string head, string tail, IReadOnlyList<object?[]> rows)
    {
        var done = 0;
        foreach (var size in Sizes)
        {
            for (; rows.Count - done >= size; done += size)
            {
                var some = rows.Skip(done).Take(size).ToList();
                var values = some.SelectMany((row, i) => row.Select((value, j) => ($"@v{i}_{j}", value))).ToArray();
                var text = string.Join(", ", some.Select((row, i) => $"({string.Join(", ", row.Select((_, j) => $"@v{i}_{j}"))})"));
                await db.ExecuteAsync($"{head} VALUES {text} {tail}", values);
            }
        }
    }
}
