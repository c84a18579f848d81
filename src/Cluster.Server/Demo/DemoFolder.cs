using Cluster.Server.Nodes;
using Cluster.Server.Security;

namespace Cluster.Server.Demo;

/// <summary>The demo's scratch folder, gone when the demo ends. It holds everything the demo keeps: of a node that belongs to somebody on
/// this machine it uses no folder, no database, no key or token, no address, no cookie, and not the note by which <c>cluster</c> finds it.</summary>
internal sealed class DemoFolder
{
    private readonly string _folder;

    private DemoFolder(string folder) => _folder = folder;

    /// <summary>Where <c>cluster</c> finds the demo: <c>CLUSTER_HOME</c> for it.</summary>
    public string Home => Path.Combine(_folder, "home");

    public static DemoFolder Create() => new(Directory.CreateTempSubdirectory("cluster-demo-").FullName);

    /// <summary>Replaces every setting, wherever it comes from: the environment and the command line may well be those of a real node.</summary>
    /// <param name="builder">The demo's node.</param>
    /// <param name="given">The settings of the command line. Without an address among them the demo takes any free port.</param>
    /// <returns>Those given that are without effect.</returns>
    public IReadOnlyList<string> Isolate(WebApplicationBuilder builder, IReadOnlyList<KeyValuePair<string, string?>> given)
    {
        List<KeyValuePair<string, string?>> settings =
        [
            new("urls", "http://127.0.0.1:0"),
            .. builder.Configuration.AsEnumerable().Where(setting => setting.Key.StartsWith("Logging:", StringComparison.OrdinalIgnoreCase)),
            .. given.Where(setting => !KnownSettings.IsOfNode(setting.Key)),
            new("Cluster:Data", Path.Combine(_folder, "data")),
            new("Cluster:Home", Home),
        ];
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings.AsEnumerable().Reverse().DistinctBy(setting => setting.Key, StringComparer.OrdinalIgnoreCase)); // the last one counts
        builder.Services.AddSingleton(new CookiePrefix($"demo{Environment.ProcessId}_"));
        return [.. given.Select(setting => setting.Key).Where(KnownSettings.IsOfNode)];
    }

    public void Delete()
    {
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
