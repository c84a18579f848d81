using System.Reflection;

namespace Cluster.Next.Storage.Starting;

/// <summary>The forward-only schema files, <c>Migrations/DIALECT/0001_name.sql</c>. Whoever applies them holds a lock and does it in one
/// transaction, with a row <c>migration/NAME</c> in <c>log_meta</c> for each. One whose name ends in <c>.additive</c> only adds what the
/// release before can live with: both may run side by side on it.</summary>
internal static class SchemaFiles
{
    public const string Prefix = "migration/";

    private const string Additive = ".additive";

    /// <summary>What is to be applied, in its order: the rows' names, and the SQL.</summary>
    /// <exception cref="StoreUnusableException">A newer release has written there.</exception>
    public static IReadOnlyList<(string Name, string Sql)> Missing(string dialect, IReadOnlyCollection<string> applied, string where)
    {
        var known = Known(dialect);
        var unknown = applied.Except(known.Keys).Where(name => !name.EndsWith(Additive, StringComparison.Ordinal)).Order(StringComparer.Ordinal).FirstOrDefault();
        return unknown is null
            ? [.. known.Where(file => !applied.Contains(file.Key)).Select(file => (file.Key, file.Value))]
            : throw new StoreUnusableException(
                $"{where} was written by a newer version of Channel Cluster ({unknown} is unknown here). Run that version, or restore a backup from before the upgrade.");
    }

    private static SortedDictionary<string, string> Known(string dialect)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            var path = resource.Replace('\\', '/');
            if (path.StartsWith(dialect + "/", StringComparison.Ordinal))
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                files.Add(Prefix + Path.GetFileNameWithoutExtension(path), reader.ReadToEnd());
            }
        }

        return files;
    }
}
