using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Storage.Chats;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Chats;

public sealed class SqlitePairingTests() : PairingSuite(new SqliteDatabase());

public sealed class PostgresPairingTests() : PairingSuite(new PostgresDatabase());

public abstract class PairingSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly Identity Phone = Identity.Chat("telegram", "184");

    private PairingStore Pairings => new(Engine);

    [Fact]
    public async Task Whoever_sends_the_code_speaks_as_the_one_whose_terminal_showed_it()
    {
        var code = await Pairings.NewAsync(AliceCalls, Ct);

        var before = await Access.FindAsync(Api, Ct);
        var outcome = await Pairings.TryAsync(Phone, "Alice", code, Ct);
        var after = await Access.FindAsync(Api, Ct);

        Assert.Equal(PairingOutcome.Paired, outcome);
        Assert.False(before!.May(Phone, Act.Find));
        Assert.True(after!.IsOwner(Phone));
        Assert.True(after.Version > before.Version);
        Assert.Equal(("telegram:184", "Alice"), await Pairings.FindAsync(AliceCalls, code.Handle, Ct) is { } used ? (used.Identity, used.Name) : default);
    }

    [Fact]
    public async Task A_code_works_once_and_only_in_its_time()
    {
        var used = await Pairings.NewAsync(AliceCalls, Ct);
        await Pairings.TryAsync(Phone, "", used, Ct);
        var late = await Pairings.NewAsync(AliceCalls, Ct);
        Clock.Advance(PairingCode.ValidFor);

        Assert.Equal(PairingOutcome.Refused, await Pairings.TryAsync(Identity.Chat("telegram", "2"), "", used, Ct));
        Assert.Equal(PairingOutcome.Refused, await Pairings.TryAsync(Identity.Chat("telegram", "3"), "", late, Ct));
    }

    [Fact]
    public async Task A_new_code_ends_the_one_before()
    {
        var first = await Pairings.NewAsync(AliceCalls, Ct);
        var second = await Pairings.NewAsync(AliceCalls, Ct);

        Assert.Equal(PairingOutcome.Refused, await Pairings.TryAsync(Phone, "", first, Ct));
        Assert.Equal(PairingOutcome.Paired, await Pairings.TryAsync(Phone, "", second, Ct));
    }

    [Fact]
    public async Task Five_wrong_secrets_burn_a_code_whoever_sends_them()
    {
        var code = await Pairings.NewAsync(AliceCalls, Ct);
        for (var i = 0; i < PairingCode.MaxFailed; i++)
        {
            await Pairings.TryAsync(Identity.Chat("telegram", $"90{i}"), "", code with { Secret = "2222222222" }, Ct);
        }

        Assert.Equal(PairingOutcome.Refused, await Pairings.TryAsync(Phone, "", code, Ct));
        Assert.True((await Pairings.FindAsync(AliceCalls, code.Handle, Ct))!.Burnt);
    }

    [Fact]
    public async Task Who_has_guessed_five_times_is_not_heard_for_an_hour_and_others_still_are()
    {
        var guess = new PairingCode("2222", "2222222222");
        for (var i = 0; i < PairingStore.MaxOfOne; i++)
        {
            await Pairings.TryAsync(Phone, "", guess, Ct);
        }

        var code = await Pairings.NewAsync(AliceCalls, Ct);
        Assert.Equal(PairingOutcome.Refused, await Pairings.TryAsync(Phone, "", code, Ct));
        Assert.Equal(PairingOutcome.Paired, await Pairings.TryAsync(Identity.Chat("telegram", "6"), "", code, Ct));
        Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(PairingOutcome.Paired, await Pairings.TryAsync(Phone, "", await Pairings.NewAsync(AliceCalls, Ct), Ct));
    }

    [Fact]
    public async Task An_account_that_is_unlinked_has_no_right_left_and_what_it_said_is_not_delivered()
    {
        await Pairings.TryAsync(Phone, "", await Pairings.NewAsync(AliceCalls, Ct), Ct);
        var waiting = await AcceptAsync("still there?", Phone);
        var decided = await MessageAsync("late", Phone);

        Assert.True(await Pairings.UnlinkAsync(Phone, AliceCalls, Ct));

        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(decided));
        Assert.IsType<NextBatch.Empty>(await TakeAsync(await ConnectAsync()));
        Assert.Equal("dead(revoked)", await StateAsync(waiting));
        Assert.DoesNotContain(await Pairings.ListAsync(AliceCalls, Ct), one => one.Identity == Phone.Value);
    }

    [Fact]
    public async Task Nobody_unlinks_what_is_not_theirs()
    {
        await Pairings.TryAsync(Phone, "", await Pairings.NewAsync(AliceCalls, Ct), Ct);

        Assert.False(await Pairings.UnlinkAsync(Phone, AliceCalls with { Principal = "bob", Admin = false }, Ct));
        Assert.True((await Access.FindAsync(Api, Ct))!.IsOwner(Phone));
    }
}
