using Cluster.Server.Webhooks;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Webhooks;

public sealed class OldSecretUseTests
{
    [Fact]
    public async Task Of_many_deliveries_at_once_one_notes_the_use_of_an_old_secret()
    {
        var clock = new FakeTimeProvider();
        var use = new OldSecretUse();
        async Task<int> ClaimAsync() =>
            (await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => use.Claim(clock))))).Count(claimed => claimed);

        var first = await ClaimAsync();
        clock.Advance(TimeSpan.FromSeconds(59));
        var soon = await ClaimAsync();
        clock.Advance(TimeSpan.FromSeconds(1));
        var later = await ClaimAsync();

        Assert.Equal([1, 0, 1], [first, soon, later]);
    }
}
