using Cluster.Next.Server.Nodes;
using Cluster.Next.Server.Silos.Postgres;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Cluster.Next.Server.Tests.Silos;

public sealed class StoreClockTests
{
    [Theory]
    [InlineData(7, "7.0 s ahead of the database's")]
    [InlineData(-7, "7.0 s behind the database's")]
    public async Task A_node_whose_clock_differs_from_the_stores_by_more_than_six_seconds_does_not_start(int seconds, string message)
    {
        await using var cluster = await NodeCluster.CreateAsync();
        var folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;

        var refused = await Assert.ThrowsAsync<NodeUnusableException>(() => Node.BuildAsync(
            ["--urls", "http://127.0.0.1:0", $"--Cluster:Data={folder}", .. cluster.Settings],
            builder => builder.Services.AddSingleton<TimeProvider>(new Skewed(TimeSpan.FromSeconds(seconds)))));

        Assert.Contains(message[4..], refused.Message);
        Assert.Contains("NTP", refused.Message);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(-4)]
    public async Task A_difference_of_some_seconds_is_tolerated(int seconds)
    {
        var connectionString = await PostgresServer.CreateEmptyDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(connectionString);

        await StoreClock.CheckAsync(database, new Skewed(TimeSpan.FromSeconds(seconds)), CancellationToken.None);
    }

    private sealed class Skewed(TimeSpan skew) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + skew;
    }
}
