using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using Cluster.Testing;

namespace Cluster.Server.Tests.Nodes;

/// <summary>Nobody else on the machine reads what a node keeps.</summary>
[UnsupportedOSPlatform("windows")]
[SuppressMessage("Interoperability", "CA1416", Justification = "These tests are about Unix.")]
public sealed class PrivateFilesTests : IDisposable
{
    private const UnixFileMode ForOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;

    private string Data => Path.Combine(_folder, "data");

    private string Home => Path.Combine(_folder, "home");

    [Fact]
    public async Task Everything_a_node_makes_is_its_owners_only_whatever_the_umask()
    {
        await using var node = Start();
        await node.LineWithAsync("is running");
        var token = (await File.ReadAllTextAsync(Path.Combine(Data, "admin-token"))).Trim();
        await using var api = ChildProcess.Start(
            "bash",
            ["-c", "umask 000; exec dotnet \"$@\"", "bash", Programs.ClusterDll, "backup", Path.Combine(Data, "monday.backup")],
            new Dictionary<string, string?> { ["CLUSTER_HOME"] = Home, ["CLUSTER_URL"] = null, ["CLUSTER_TOKEN"] = null });
        var backup = await api.ExitAsync();

        Assert.Equal((0, ""), (backup, api.Errors));
        Assert.NotEmpty(token);
        Assert.Superset(
            new HashSet<string> { "admin-token", "cluster.db", "cluster.db-shm", "cluster.db-wal", "key", "monday.backup", "node.lock" },
            Directory.GetFiles(Data).Select(file => Path.GetFileName(file)!).ToHashSet());
        Assert.Equal([], Open(Data).Concat(Open(Home)));
    }

    [Fact]
    public async Task What_an_earlier_start_left_open_is_closed_and_told_in_one_line_and_no_link_is_followed()
    {
        await using (var first = Start())
        {
            await first.LineWithAsync("is running");
            await first.KillAsync(); // so that the log of the database stays
        }

        var outside = Directory.CreateDirectory(Path.Combine(_folder, "outside")).FullName;
        var elsewhere = Path.Combine(outside, "file");
        await File.WriteAllTextAsync(elsewhere, "");
        var inside = Directory.CreateDirectory(Path.Combine(Data, "old", "backups")).FullName;
        await File.WriteAllTextAsync(Path.Combine(inside, "sunday.backup"), "");
        File.CreateSymbolicLink(Path.Combine(Data, "link"), elsewhere);
        Directory.CreateSymbolicLink(Path.Combine(inside, "folder"), outside);
        string[] folders = [Data, Path.Combine(Data, "old"), inside, Home, outside];
        var files = Directory.GetFiles(Data).Concat(Directory.GetFiles(inside)).Concat(Directory.GetFiles(Home)).Append(elsewhere)
            .Where(path => new FileInfo(path).LinkTarget is null).ToList();
        files.ForEach(path => File.SetUnixFileMode(path, ForOwner | UnixFileMode.GroupRead | UnixFileMode.OtherRead));
        Array.ForEach(folders, path => File.SetUnixFileMode(path, ForOwner | UnixFileMode.UserExecute | Others));

        await using var node = Start();
        var told = await node.LineWithAsync("could read or change");
        await node.LineWithAsync("is running");

        Assert.Contains($" {Directory.GetFiles(Data).Count(path => new FileInfo(path).LinkTarget is null) + 1 + 3} files and folders of the data folder {Data};", told);
        Assert.Equal([], Open(Data).Concat(Open(Home)));
        Assert.Equal(ForOwner | UnixFileMode.UserExecute | Others, File.GetUnixFileMode(outside));
        Assert.Equal(ForOwner | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(elsewhere));
    }

    [Fact]
    public async Task A_folder_of_other_things_is_not_taken_for_a_data_folder()
    {
        var theirs = Path.Combine(Directory.CreateDirectory(Data).FullName, "thesis.txt");
        await File.WriteAllTextAsync(theirs, "");
        var before = (File.GetUnixFileMode(theirs), File.GetUnixFileMode(Data));

        await using var node = Start();
        var code = await node.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains("holds other things (thesis.txt)", node.Errors);
        Assert.Equal(before, (File.GetUnixFileMode(theirs), File.GetUnixFileMode(Data)));
        Assert.Equal([theirs], Directory.GetFileSystemEntries(Data));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Folders must be 0700, files 0600; links have no mode of their own.
    private static IEnumerable<string> Open(string folder) =>
        from entry in new DirectoryInfo(folder).GetFileSystemInfos("*", SearchOption.AllDirectories).Append(new DirectoryInfo(folder))
        where entry.LinkTarget is null && !entry.FullName.Contains("/folder/", StringComparison.Ordinal)
        where entry.UnixFileMode != (entry is DirectoryInfo ? ForOwner | UnixFileMode.UserExecute : ForOwner)
        select $"{entry.FullName} {entry.UnixFileMode}";

    private ChildProcess Start() =>
        ChildProcess.Start(
            "bash",
            [
                "-c", "umask 000; exec dotnet \"$@\"", "bash", Path.Combine(AppContext.BaseDirectory, "Cluster.Server.dll"),
                $"--Cluster:Data={Data}", $"--Cluster:Home={Home}", "--urls=http://127.0.0.1:0",
            ]);
}
