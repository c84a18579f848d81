using Cluster.Storage.Mailboxes;

namespace Cluster.Server.Mcp;

/// <summary>Gathers the proofs of receipt that arrive together and commits them together, like the appender does with events.</summary>
internal sealed class Confirmations(MailboxStore mailboxes) : IAsyncDisposable
{
    private readonly GroupCommit<Confirmation, bool> _confirmer = new(mailboxes.ConfirmAsync);

    public Task<bool> AddAsync(Confirmation confirmation, CancellationToken ct) => _confirmer.AddAsync(confirmation, ct);

    public ValueTask DisposeAsync() => _confirmer.DisposeAsync();
}
