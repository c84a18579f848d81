using Cluster.Storage.Engines;
using Cluster.Storage.Leases;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Leases;

public sealed class SqliteLeaseTests() : LeaseSuite(new SqliteDatabase());

public sealed class PostgresLeaseTests() : LeaseSuite(new PostgresDatabase());

public abstract class LeaseSuite(TestDatabase database) : StoreSuite(database)
{
    private LeaseStore Leases => new(Engine);

    [Fact]
    public async Task A_free_lease_is_taken_once_and_a_held_one_by_nobody()
    {
        var first = await Leases.TakeAsync("housekeeping", Ct);

        var second = await Leases.TakeAsync("housekeeping", Ct);

        Assert.Equal(new Lease("housekeeping", 1), first);
        Assert.Null(second);
        Assert.NotNull(await Leases.TakeAsync("another", Ct));
    }

    [Fact]
    public async Task A_lease_whose_time_has_passed_changes_hands_under_a_higher_epoch()
    {
        var first = (await Leases.TakeAsync("housekeeping", Ct))!;
        await PassAsync();

        var second = (await Leases.TakeAsync("housekeeping", Ct))!;

        Assert.Equal(first.Epoch + 1, second.Epoch);
        Assert.False(await Leases.RenewAsync(first, Ct));
        Assert.True(await Leases.RenewAsync(second, Ct));
    }

    [Fact]
    public async Task A_holder_that_comes_too_late_cannot_renew_even_when_nobody_else_has_taken_it()
    {
        var lease = (await Leases.TakeAsync("housekeeping", Ct))!;
        Assert.True(await Leases.RenewAsync(lease, Ct));
        await PassAsync();

        Assert.False(await Leases.RenewAsync(lease, Ct));
    }

    [Fact]
    public async Task A_lease_given_up_is_free_at_once()
    {
        var lease = (await Leases.TakeAsync("housekeeping", Ct))!;

        await Leases.ReleaseAsync(lease, Ct);

        Assert.Equal(2, (await Leases.TakeAsync("housekeeping", Ct))!.Epoch);
    }

    [Fact]
    public async Task A_turn_under_an_old_epoch_changes_nothing()
    {
        var old = (await Leases.TakeAsync("housekeeping", Ct))!;
        await PassAsync();
        await Leases.TakeAsync("housekeeping", Ct);

        await Assert.ThrowsAsync<LeaseLostException>(() => Leases.TurnAsync(old, WriteAsync, Ct));

        Assert.Empty(await AuditedAsync("written"));
    }

    [Fact]
    public async Task A_turn_under_a_lease_whose_time_has_passed_changes_nothing()
    {
        var lease = (await Leases.TakeAsync("housekeeping", Ct))!;
        await Leases.TurnAsync(lease, WriteAsync, Ct);
        await PassAsync();

        await Assert.ThrowsAsync<LeaseLostException>(() => Leases.TurnAsync(lease, WriteAsync, Ct));

        Assert.Single(await AuditedAsync("written"));
    }

    [Fact]
    public async Task The_nodes_own_clock_decides_nothing()
    {
        var lease = (await Leases.TakeAsync("housekeeping", Ct))!;

        Clock.Advance(TimeSpan.FromHours(1));

        Assert.Null(await Leases.TakeAsync("housekeeping", Ct));
        Assert.True(await Leases.RenewAsync(lease, Ct));
    }

    private static async Task<int> WriteAsync(Turn turn)
    {
        await turn.AuditAsync("test", "written", "row");
        return 1;
    }

    // The engine's clock is the engine's; a lease that has passed is one whose end was moved.
    private Task<int> PassAsync() =>
        Engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE lease SET expires_at = expires_at - 60000"), Ct);
}
