using System.Globalization;
using System.Net.Http.Headers;
using Cluster.Cli.Connect.Git;
using Cluster.Core.Channel;
using Cluster.Core.Sessions;

namespace Cluster.Cli.Connect;

/// <summary>Where this process works, read from git anew every few seconds: branches change while Claude Code runs.</summary>
/// <param name="folder">The project folder; null for none.</param>
/// <param name="clock">The time.</param>
internal sealed class ProjectPlace(string? folder, TimeProvider clock)
{
    public static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();

    private volatile Known? _known;
    private volatile Workplace? _told;

    public Workplace Now => Look().Place;

    /// <summary>True when it is another place than the one that was told last.</summary>
    public bool HasMoved => Now != _told;

    /// <summary>What was told did not arrive.</summary>
    public void Untold() => _told = null;

    /// <summary>Tells it with a request.</summary>
    public void AddTo(HttpRequestHeaders headers)
    {
        var known = Look();
        var place = _told = known.Place;
        headers.Add(ChannelProtocol.MovesHeader, known.Moves.ToString(CultureInfo.InvariantCulture));
        foreach (var (name, value) in new[]
        {
            (ChannelProtocol.RepositoryHeader, place.Repository), (ChannelProtocol.BranchHeader, place.Branch), (ChannelProtocol.FolderHeader, place.Folder),
        })
        {
            if (value is not null)
            {
                headers.Add(name, value);
            }
        }
    }

    public static Workplace Read(string folder)
    {
        var (origin, branch) = GitFolder.Read(folder);
        return Workplace.Read(origin is null ? null : GitRemote.Read(origin), branch, Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)));
    }

    private Known Look()
    {
        if (folder is null)
        {
            return new Known(Workplace.None, 0, 0);
        }

        if (_known is { } fresh && clock.GetElapsedTime(fresh.Since) < KnownFor)
        {
            return fresh;
        }

        lock (_gate)
        {
            var (before, place) = (_known, Read(folder));
            return _known = new Known(place, before is null ? 1 : before.Place == place ? before.Moves : before.Moves + 1, clock.GetTimestamp());
        }
    }

    /// <param name="Place">Where it works.</param>
    /// <param name="Moves">The number of places before it, and this one.</param>
    /// <param name="Since">When that was read.</param>
    private sealed record Known(Workplace Place, long Moves, long Since);
}
