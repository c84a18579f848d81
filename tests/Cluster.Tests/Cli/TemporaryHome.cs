using Cluster.Cli.Nodes;

namespace Cluster.Tests.Cli;

/// <summary>A settings folder of its own for one test.</summary>
internal sealed class TemporaryHome : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cluster-cli-").FullName;

    public string Credentials => System.IO.Path.Combine(Path, "credentials.json");

    public string Local => System.IO.Path.Combine(Path, "local.json");

    public Task LogInAsync(string url, string token) =>
        new Credentials { Url = url, Principal = "alice", TokenId = "t1", Token = token }
            .SaveAsync(Credentials, TestContext.Current.CancellationToken);

    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
