using Cluster.Cli.Nodes;
using Cluster.Core.Channel;
using Cluster.Core.Sessions;

namespace Cluster.Cli.Connect;

/// <summary>Which session this process serves, told to Claude in time.</summary>
internal sealed partial class NodeLink
{
    /// <summary>How long Claude Code may wait for the session's name. It gives up a server that answers late.</summary>
    public static readonly TimeSpan NameWithin = TimeSpan.FromSeconds(2);

    /// <summary>What Claude knows of its session's name.</summary>
    public ToldName Name { get; } = new();

    /// <summary>The session that this process will have, if the node says it soon: it does not become a client by asking. What is returned is taken as told.</summary>
    public async Task<GivenName?> TellNameAsync(CancellationToken ct)
    {
        GivenName? name = null;
        try
        {
            // On a thread of its own: also a folder on a slow disk must not hold the answer up.
            name = await Task.Run(() => AskNameAsync(ct), ct).WaitAsync(NameWithin, clock, ct);
        }
        catch (TimeoutException)
        {
            // The first tool answer tells it.
        }

        Name.Told(name);
        return name;
    }

    private async Task<GivenName?> AskNameAsync(CancellationToken ct)
    {
        if (locator.Find() is not NodeSearch.Found { Node: var node })
        {
            return null;
        }

        using var limit = new CancellationTokenSource(NameWithin, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var request = Post(node, null, LinkMessages.Name);
            wish.AddTo(request.Headers);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return response.IsSuccessStatusCode ? NameIn(response) : null;
        }
        catch (Exception e) when (IsOutside(e, ct))
        {
            return null;
        }
    }

    // Something else may listen at the node's address: nothing but a name of the one plain form is taken from it.
    private static GivenName? NameIn(HttpResponseMessage response) => GivenName.Read(
        response.Headers.TryGetValues(ChannelProtocol.ClusterSessionHeader, out var names) ? names.FirstOrDefault() : null,
        response.Headers.TryGetValues(ChannelProtocol.ReasonHeader, out var reasons) ? reasons.FirstOrDefault() : null);
}
