using System.Net;
using System.Security.Cryptography;
using Cluster.Core.Secrets;
using Cluster.Next.Server.Nodes;
using Cluster.Next.Server.Silos.Postgres;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService;

namespace Cluster.Next.Server.Tests.Silos;

public sealed class SiloDatabaseTests
{
    [Fact]
    public async Task Nodes_that_open_an_empty_database_at_once_share_one_certificate()
    {
        var connectionString = await PostgresServer.CreateEmptyDatabaseAsync();
        var box = new SecretBox(RandomNumberGenerator.GetBytes(32));

        var nodes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync(connectionString, box)));

        Assert.Single(nodes.Select(node => node.Certificates.Presented.Thumbprint).Distinct());
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_node_with_another_key_does_not_start()
    {
        var connectionString = await PostgresServer.CreateEmptyDatabaseAsync();
        await (await OpenAsync(connectionString, new SecretBox(RandomNumberGenerator.GetBytes(32)))).DisposeAsync();

        var refused = await Assert.ThrowsAsync<NodeUnusableException>(
            () => OpenAsync(connectionString, new SecretBox(RandomNumberGenerator.GetBytes(32))));

        Assert.StartsWith("CLUSTER_KEY does not fit", refused.Message);
    }

    [Fact]
    public async Task A_change_of_membership_counts_only_on_the_version_that_was_seen()
    {
        var connectionString = await PostgresServer.CreateEmptyDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(connectionString);
        await SiloMigrations.ApplyAsync(database, CancellationToken.None);
        var table = new AdoNetClusteringTable(
            null!,
            Options.Create(new ClusterOptions { ClusterId = "test" }),
            Options.Create(new AdoNetClusteringSiloOptions { Invariant = "Npgsql", DataSource = database }),
            NullLogger<AdoNetClusteringTable>.Instance);
        await table.InitializeMembershipTableAsync(tryInitTableVersion: true, CancellationToken.None);
        var (one, two) = (Member(1), Member(2));

        var empty = (await table.ReadAllAsync(CancellationToken.None)).Version;
        var joins = await Task.WhenAll(table.InsertRowAsync(one, empty.Next(), CancellationToken.None), table.InsertRowAsync(two, empty.Next(), CancellationToken.None));
        var after = await table.ReadAllAsync(CancellationToken.None);
        var (member, etag) = Assert.Single(after.Members);
        var again = await table.InsertRowAsync(member, after.Version.Next(), CancellationToken.None);
        member.Status = SiloStatus.Dead;
        member.AddSuspector(two.SiloAddress, DateTime.UtcNow);
        var stale = await table.UpdateRowAsync(member, etag, empty.Next(), CancellationToken.None);
        var changed = await table.UpdateRowAsync(member, etag, after.Version.Next(), CancellationToken.None);
        var last = await table.ReadAllAsync(CancellationToken.None);

        Assert.Single(joins, joined => joined);
        Assert.Equal((false, false, true), (again, stale, changed));
        Assert.Equal((SiloStatus.Dead, 2), (Assert.Single(last.Members).Item1.Status, last.Version.Version));
        Assert.Equal(two.SiloAddress, Assert.Single(last.Members[0].Item1.SuspectTimes!).Item1);
    }

    private static Task<SiloDatabase> OpenAsync(string connectionString, SecretBox box) =>
        SiloDatabase.OpenAsync(connectionString, box, TimeProvider.System, CancellationToken.None);

    private static MembershipEntry Member(int number) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, 10_000 + number, number),
        SiloName = $"node-{number}",
        HostName = "here",
        Status = SiloStatus.Active,
        StartTime = DateTime.UtcNow,
        IAmAliveTime = DateTime.UtcNow,
    };
}
