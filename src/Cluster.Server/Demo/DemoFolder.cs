namespace Cluster.Server.Demo;

/// <summary>The demo's scratch data folder, gone when the demo ends.</summary>
internal sealed class DemoFolder
{
    private readonly string _folder;

    private DemoFolder(string folder) => _folder = folder;

    public IEnumerable<string> Settings => [$"--Cluster:Data={_folder}"];

    public static DemoFolder Create() => new(Directory.CreateTempSubdirectory("cluster-demo-").FullName);

    public void Delete()
    {
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
        }
    }
}
