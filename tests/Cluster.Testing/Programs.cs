namespace Cluster.Testing;

/// <summary>The product's programs and the scripts beside the tests, as child processes.</summary>
public static class Programs
{
    public static string Root { get; } = FindRoot();

    /// <summary>A node as a process of its own, for tests that kill it.</summary>
    public static ChildProcess StartNode(string folder, int port, params string[] more) =>
        ChildProcess.Start(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Cluster.Server.dll"),
                "--urls", $"http://127.0.0.1:{port}",
                $"--Cluster:Data={Path.Combine(folder, "data")}",
                $"--Cluster:Home={Path.Combine(folder, "home")}",
                .. more,
            ]);

    /// <summary>The <c>cluster</c> program.</summary>
    public static ChildProcess StartCluster(string home, params string[] arguments) =>
        ChildProcess.Start(
            "dotnet",
            [ClusterDll, .. arguments],
            new Dictionary<string, string?> { ["CLUSTER_HOME"] = home, ["CLUSTER_URL"] = null, ["CLUSTER_TOKEN"] = null });

    public static string ClusterDll => Path.Combine(AppContext.BaseDirectory, "cluster.dll");

    /// <summary>A script in <c>tests/node</c>.</summary>
    public static ChildProcess StartScript(string script, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment) =>
        ChildProcess.Start("node", [Path.Combine(Root, "tests", "node", script), .. arguments], environment, Path.Combine(Root, "tests", "node"));

    /// <summary>A port that nobody listens on.</summary>
    public static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Cluster.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("No Cluster.sln above the tests.");
        }

        return folder;
    }
}
