using System.Data.Common;
using Cluster.Storage.Mailboxes;

namespace Cluster.Server.Mcp;

/// <summary>Gathers the proofs of receipt that arrive together and commits them together, like the appender does with events. A client
/// gives each proof once, so an engine that is away for a moment is asked again; a proof that was taken twice changes nothing.</summary>
internal sealed class Confirmations(MailboxStore mailboxes, TimeProvider clock) : IAsyncDisposable
{
    private const int Tries = 20;

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(250);

    private readonly GroupCommit<Confirmation, bool> _confirmer = new(mailboxes.ConfirmAsync);

    /// <exception cref="DbException">The engine has been away for long.</exception>
    public async Task<bool> AddAsync(Confirmation confirmation, CancellationToken ct)
    {
        for (var tried = 1; ; tried++)
        {
            try
            {
                return await _confirmer.AddAsync(confirmation, ct);
            }
            catch (DbException) when (tried < Tries)
            {
                await Task.Delay(Again, clock, ct);
            }
        }
    }

    public ValueTask DisposeAsync() => _confirmer.DisposeAsync();
}
