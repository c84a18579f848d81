using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Mailboxes;

/// <summary>The statements that every request and every stream of a node needs, gathered: whoever comes while one runs goes with the
/// next, together.</summary>
internal sealed class PostgresGathered(PostgresEngine engine) : IAsyncDisposable
{
    private const int MostTakes = 32; // streams; each may read a hundred bodies

    public GroupCommit<Take, NextBatch?> Takes { get; } = new(new PostgresTakes(engine).TakeAsync, MostTakes);

    public GroupCommit<Look, StreamOutlook> Looks { get; } = new(new PostgresLooks(engine).LookAsync);

    public GroupCommit<Credential, Caller?> Callers { get; } = new(new PostgresCallers(engine).AuthenticateAsync);

    public GroupCommit<McpSessionKey, McpSession?> McpSessions { get; } = new(new PostgresMcpSessions(engine).FindAsync);

    public async ValueTask DisposeAsync()
    {
        await Takes.DisposeAsync();
        await Looks.DisposeAsync();
        await Callers.DisposeAsync();
        await McpSessions.DisposeAsync();
    }
}
