using System.Reflection;

namespace Cluster.Storage.Engines;

/// <summary>Forward-only schema files, <c>Migrations/DIALECT/0001_name.sql</c>, each applied once in a transaction of its own. One
/// whose name ends in <c>.additive</c> only adds what the release before can live with: both may run side by side on it.</summary>
internal static class Migrations
{
    private const string Additive = ".additive";

    public static async Task ApplyAsync(
        EngineConnection db, string dialect, Func<Func<Task<int>>, Task<int>> transact, TimeProvider clock, string where)
    {
        await db.ExecuteAsync("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)");
        var applied = await db.RowsAsync("SELECT name FROM migration ORDER BY name", reader => reader.GetString(0));
        var known = Known(dialect);

        if (applied.Except(known.Keys).Where(name => !name.EndsWith(Additive, StringComparison.Ordinal)).Order().FirstOrDefault() is { } unknown)
        {
            throw new EngineUnusableException(
                $"{where} was written by a newer version of Channel Cluster (migration {unknown} is unknown here). Run that version, or restore a backup from before the upgrade.");
        }

        foreach (var (name, sql) in known)
        {
            if (!applied.Contains(name))
            {
                await transact(async () =>
                {
                    await db.ExecuteAsync(sql);
                    return await db.ExecuteAsync(
                        "INSERT INTO migration (name, applied_at) VALUES (@name, @at)",
                        ("@name", name),
                        ("@at", clock.GetUtcNow().ToUnixTimeMilliseconds()));
                });
            }
        }
    }

    private static SortedDictionary<string, string> Known(string dialect)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)))
        {
            var path = resource.Replace('\\', '/');
            if (path.StartsWith(dialect + "/", StringComparison.Ordinal))
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                files.Add(Path.GetFileNameWithoutExtension(path), reader.ReadToEnd());
            }
        }

        return files;
    }
}
