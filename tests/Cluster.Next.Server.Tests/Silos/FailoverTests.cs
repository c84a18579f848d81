namespace Cluster.Next.Server.Tests.Silos;

// A class each, so that they run side by side: each waits for seconds.

public sealed class TwoNodesTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Nodes_over_one_database_see_one_another_and_a_killed_one_is_gone_within_eight_seconds()
    {
        await using var cluster = await NodeCluster.StartAsync(2);
        output.WriteLine($"start to ready, two at once: {cluster[0].Started.TotalSeconds:0.00} s, {cluster[1].Started.TotalSeconds:0.00} s");
        await Task.WhenAll(cluster[0].ListsAsync(5, "a", "b"), cluster[1].ListsAsync(5, "a", "b"));
        var seen = await cluster[0].NodesAsync();

        await cluster[1].KillAsync();
        var gone = await cluster[0].ListsAsync(8, "a");

        output.WriteLine($"killed: gone after {gone.TotalSeconds:0.00} s");
        Assert.Equal("a", Assert.Single(seen, node => node.Here).Name);
        Assert.All(seen, node => Assert.True(node.HeartbeatAgeSeconds < 8));
    }
}

public sealed class FrozenNodeTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_frozen_node_is_gone_within_ten_seconds_and_ends_itself_when_it_thaws()
    {
        await using var cluster = await NodeCluster.StartAsync(2);
        await Task.WhenAll(cluster[0].ListsAsync(5, "a", "b"), cluster[1].ListsAsync(5, "a", "b"));

        await cluster[1].Process.SignalAsync("STOP");
        var gone = await cluster[0].ListsAsync(10, "a");
        var thawed = TimeProvider.System.GetTimestamp();
        await cluster[1].Process.SignalAsync("CONT");
        var code = await cluster[1].Process.ExitAsync(3);
        var ended = TimeProvider.System.GetElapsedTime(thawed);

        output.WriteLine($"frozen: gone after {gone.TotalSeconds:0.00} s; thawed: ended after {ended.TotalSeconds:0.00} s");
        Assert.Equal(75, code);
        Assert.Equal("This node ends: the others took it for dead", cluster[1].Process.Errors.Trim()[..43]);
        Assert.DoesNotContain('\n', cluster[1].Process.Errors.Trim());
    }
}

public sealed class ShortFreezeTests
{
    [Fact]
    public async Task A_freeze_of_two_seconds_is_not_taken_for_death()
    {
        await using var cluster = await NodeCluster.StartAsync(2);
        await Task.WhenAll(cluster[0].ListsAsync(5, "a", "b"), cluster[1].ListsAsync(5, "a", "b"));

        await cluster[1].Process.SignalAsync("STOP");
        await Task.Delay(TimeSpan.FromSeconds(2));
        await cluster[1].Process.SignalAsync("CONT");
        var watch = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(watch) < TimeSpan.FromSeconds(5))
        {
            await Task.WhenAll(cluster[0].ListsAsync(0, "a", "b"), cluster[1].ListsAsync(0, "a", "b"));
            await Task.Delay(250);
        }
    }
}

public sealed class ColdStartTests(ITestOutputHelper output)
{
    [Fact]
    public async Task When_all_are_killed_a_new_one_serves_within_twenty_seconds()
    {
        await using var cluster = await NodeCluster.StartAsync(2);
        await cluster[0].ListsAsync(5, "a", "b");

        await Task.WhenAll(cluster[0].KillAsync(), cluster[1].KillAsync());
        var next = await cluster.AddAsync("c");
        using var ready = await next.Http.GetAsync("/readyz");

        output.WriteLine($"all killed, one started: serves after {next.Started.TotalSeconds:0.00} s");
        Assert.True(ready.IsSuccessStatusCode);
        Assert.True(next.Started < TimeSpan.FromSeconds(20), $"It took {next.Started}.");
        await next.ListsAsync(5, "c");
    }
}
