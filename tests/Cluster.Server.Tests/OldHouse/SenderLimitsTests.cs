using Cluster.Core.Access;
using Cluster.Server.Routing;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Server.Tests.OldHouse;

[Trait("House", "old")]
public sealed class SenderLimitsTests
{
    private static readonly Identity Loud = new("source:loud");
    private static readonly Identity Quiet = new("source:quiet");

    [Fact]
    public async Task Few_deliveries_of_one_source_are_in_the_works_at_once_and_the_others_do_not_wait_for_it()
    {
        await using var node = await NodeHost.StartInProcessAsync(["--Cluster:Limits:WebhooksPerSecond=10"]);
        var limits = node.Services.GetRequiredService<SenderLimits>();
        var ct = TestContext.Current.CancellationToken;
        var places = new List<IDisposable>();
        for (var i = 0; i < 4; i++)
        {
            var place = await limits.PlaceAsync(Loud, ct);
            Assert.True(place.IsAcquired);
            places.Add(place);
        }

        var first = limits.PlaceAsync(Loud, ct).AsTask();
        var second = limits.PlaceAsync(Loud, ct).AsTask();
        using var other = await limits.PlaceAsync(Quiet, ct);

        Assert.True(other.IsAcquired);
        Assert.False(first.IsCompleted);
        places[0].Dispose();
        Assert.True((await first).IsAcquired);
        Assert.False(second.IsCompleted); // in the order of coming
        places[1].Dispose();
        Assert.True((await second).IsAcquired);
    }
}
