namespace Cluster.Testing;

/// <summary>The product's programs and the scripts beside the tests, as child processes.</summary>
public static class Programs
{
    public static string Root { get; } = FindRoot();

    /// <summary>The program of a node, a <c>.dll</c> or a file that can be executed: what <c>CLUSTER_TEST_NODE</c> names, else the one that was built with the tests.</summary>
    public static string Node { get; } = Given is { } given ? Path.GetFullPath(given, Root) : Path.Combine(AppContext.BaseDirectory, "Cluster.Server.dll");

    /// <summary>Whether <c>CLUSTER_TEST_NODE</c> names a program: then a test's nodes are processes of it.</summary>
    public static bool NodeIsGiven => Given is not null;

    /// <summary>How long a node that is a process serves one test: <c>CLUSTER_TEST_SECONDS</c>, else as long as it takes.</summary>
    public static TimeSpan NodeLife { get; } = int.TryParse(Environment.GetEnvironmentVariable("CLUSTER_TEST_SECONDS"), out var seconds)
        ? TimeSpan.FromSeconds(seconds)
        : Timeout.InfiniteTimeSpan;

    private static string? Given => Environment.GetEnvironmentVariable("CLUSTER_TEST_NODE") is { Length: > 0 } path ? path : null;

    // A test's node serves a few requests and ends: what is compiled quickly, and little memory, serve it best.
    private static Dictionary<string, string?> ShortLife { get; } = new()
    {
        ["DOTNET_TC_QuickJit"] = "1",
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_EnableDiagnostics"] = "0",
    };

    /// <summary>A node as a process of its own.</summary>
    public static ChildProcess StartNode(IEnumerable<string> arguments, Action<string, bool>? heard = null) =>
        Node.EndsWith(".dll", StringComparison.Ordinal)
            ? ChildProcess.Start("dotnet", [Node, .. arguments], ShortLife, heard: heard)
            : ChildProcess.Start(Node, arguments, ShortLife, heard: heard);

    /// <summary>A node as a process of its own, for tests that kill it.</summary>
    public static ChildProcess StartNode(string folder, int port, params string[] more) =>
        StartNode(
        [
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
