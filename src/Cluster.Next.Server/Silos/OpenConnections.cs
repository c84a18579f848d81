using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Cluster.Next.Server.Silos;

/// <summary>Every connection of a client to this node, so that all can be cut at once.</summary>
internal sealed class OpenConnections
{
    private readonly ConcurrentDictionary<ConnectionContext, bool> _open = new();
    private volatile bool _cut;

    public void Watch(ListenOptions listen) =>
        listen.Use(next => async connection =>
        {
            _open[connection] = true;
            try
            {
                if (_cut)
                {
                    connection.Abort();
                    return;
                }

                await next(connection);
            }
            finally
            {
                _open.TryRemove(connection, out _);
            }
        });

    /// <summary>Cuts all of them, and every later one.</summary>
    public void Cut()
    {
        _cut = true;
        foreach (var connection in _open.Keys)
        {
            connection.Abort(new ConnectionAbortedException("The node ends."));
        }
    }
}
