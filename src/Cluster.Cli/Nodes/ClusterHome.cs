namespace Cluster.Cli.Nodes;

/// <summary>The folder with a person's stored login and the file that a node on this machine leaves for its admin.</summary>
internal sealed class ClusterHome(string folder)
{
    public string Folder => folder;

    public string Credentials => Path.Combine(folder, "credentials.json");

    public string Local => Path.Combine(folder, "local.json");

    /// <summary>True for a file of this folder, and for the draft of one.</summary>
    public static bool Keeps(string path) =>
        Path.GetFileName(path) is var name && (name.StartsWith("credentials.json", StringComparison.Ordinal) || name.StartsWith("local.json", StringComparison.Ordinal)
            || name.StartsWith(".credentials-", StringComparison.Ordinal));

    /// <summary><c>CLUSTER_HOME</c>, else <c>channel-cluster</c> in the system's folder for a user's settings.</summary>
    public static ClusterHome Find(Func<string, string?> environment)
    {
        if (environment("CLUSTER_HOME") is { Length: > 0 } home)
        {
            return new ClusterHome(Path.GetFullPath(home));
        }

        // Unverified, or the answer would be empty on a machine where no program has stored settings yet.
        var settings = Environment.GetFolderPath(
            Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify);

        return new ClusterHome(Path.GetFullPath(Path.Combine(settings, "channel-cluster")));
    }
}
