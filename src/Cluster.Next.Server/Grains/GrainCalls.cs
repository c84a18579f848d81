using System.Collections.Concurrent;
using Cluster.Core.Grains.Principals;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Grains.Users;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Logs;

namespace Cluster.Next.Server.Grains;

/// <summary>The node's way to its grains. A call that met a grain on the move, or a node that has just died, is made again.</summary>
internal sealed class GrainCalls(IGrainFactory grains, TimeProvider clock)
{
    /// <summary>How long a caller outside waits for a grain.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Type, GrainInterfaceType> _interfaces = [];

    public T Session<T>(SessionId id)
        where T : IGrainWithStringKey => Grain<T>(SessionState.Log(id));

    public T User<T>(string identity)
        where T : IGrainWithStringKey => Grain<T>(UserState.Log(identity));

    public T Principal<T>(string name)
        where T : IGrainWithStringKey => Grain<T>(PrincipalState.Log(name));

    public T Grain<T>(LogId log)
        where T : IGrainWithStringKey
    {
        // By its interface alone Orleans reads the interface's attributes anew each time.
        var id = GrainId.Create(log.Kind, log.Key);
        if (_interfaces.TryGetValue(typeof(T), out var known))
        {
            return (T)grains.GetGrain(id, known);
        }

        var grain = grains.GetGrain<T>(id);
        _interfaces[typeof(T)] = ((GrainReference)(object)grain).InterfaceType;
        return grain;
    }

    public T Reference<T>(T observer)
        where T : class, IGrainObserver => grains.CreateObjectReference<T>(observer);

    /// <summary>Asks, and asks again while nothing was answered.</summary>
    /// <exception cref="GrainAwayException">Nothing was answered in time. It may have been done; the same operation again does it no second time.</exception>
    public async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken ct)
    {
        var since = clock.GetTimestamp();
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await ask();
            }
            catch (Exception e) when (Passing.Is(e))
            {
                if (clock.GetElapsedTime(since) > Patience)
                {
                    throw new GrainAwayException(e);
                }
            }

            await Backoff.WaitAsync(failures, clock, ct);
        }
    }

    public Task AskAsync(Func<Task> ask, CancellationToken ct) => AskAsync(
        async () =>
        {
            await ask();
            return true;
        },
        ct);
}

/// <summary>Something of the cluster is away for the moment. Nobody was told that anything is kept.</summary>
internal sealed class GrainAwayException(Exception inner) : Exception("The cluster cannot answer at the moment. Try again shortly.", inner);
