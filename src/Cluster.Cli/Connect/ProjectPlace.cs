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

    private volatile Known? _known;
    private volatile Workplace? _told;

    public Workplace Now
    {
        get
        {
            if (folder is null)
            {
                return Workplace.None;
            }

            if (_known is not { } known || clock.GetElapsedTime(known.Since) >= KnownFor)
            {
                _known = known = new Known(Read(folder), clock.GetTimestamp());
            }

            return known.Place;
        }
    }

    /// <summary>True when it is another place than the one that was told last.</summary>
    public bool HasMoved => Now != _told;

    /// <summary>What was told did not arrive.</summary>
    public void Untold() => _told = null;

    /// <summary>Tells it with a request.</summary>
    public void AddTo(HttpRequestHeaders headers)
    {
        var place = _told = Now;
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

    private sealed record Known(Workplace Place, long Since);
}
