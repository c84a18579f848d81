using Cluster.Core.Access;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;

namespace Cluster.Benchmarks.Append;

/// <summary>An empty engine with one session, in a folder of its own.</summary>
internal sealed class ScratchEngine : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cluster-bench-");

    public string File => Path.Combine(_folder.FullName, "cluster.db");

    public SqliteEngine Engine { get; private set; } = null!;

    public AccessList Access { get; private set; } = null!;

    public static async Task<ScratchEngine> OpenAsync()
    {
        var scratch = new ScratchEngine();
        scratch.Engine = await SqliteEngine.OpenAsync(scratch._folder.FullName, TimeProvider.System, CancellationToken.None);
        await new PrincipalStore(scratch.Engine).EnsureAdminAsync(Sample.Session.Owner, CancellationToken.None);
        await new SessionStore(scratch.Engine).EnsureAsync(Sample.Session, Sample.Owner.Value, CancellationToken.None);
        scratch.Access = (await new AccessStore(scratch.Engine).FindAsync(Sample.Session, CancellationToken.None))!;
        return scratch;
    }

    /// <summary>What has been committed.</summary>
    public Task<long?> CountAsync(string table) =>
        Engine.ReadAsync(db => db.NumberAsync($"SELECT COUNT(*) FROM {table}"), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
