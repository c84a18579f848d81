using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Leases;
using Cluster.Storage.Principals;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Chats;

public sealed class SqlitePairingWindowTests() : PairingWindowSuite(new SqliteDatabase());

public sealed class PostgresPairingWindowTests() : PairingWindowSuite(new PostgresDatabase());

public abstract class PairingWindowSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);
    private static readonly Identity Dave = Identity.Chat("telegram", "184");

    private PairingWindows Windows => new(Engine);

    [Fact]
    public async Task Outside_of_a_window_nothing_is_answered_and_nothing_is_written()
    {
        await Windows.OpenAsync(AliceCalls, TenMinutes, Ct);
        await Windows.CloseAsync(AliceCalls, Ct);

        Assert.False(await AskAsync(Dave));
        Assert.Equal((0, 0), (await CountAsync("pairing_request"), await CountAsync("outbox")));
    }

    [Fact]
    public async Task Whose_code_is_confirmed_speaks_as_who_confirmed_it_from_then_on()
    {
        await Windows.OpenAsync(AliceCalls, TenMinutes, Ct);
        await AskAsync(Dave, "Dave", "let me in");
        var code = Assert.Single(await CodesAsync());
        var before = await Access.FindAsync(Api, Ct);

        var asks = await Windows.ConfirmAsync(AliceCalls, code, null, Ct);
        var still = await Access.FindAsync(Api, Ct);
        var linked = await Windows.ConfirmAsync(AliceCalls, code, Dave, Ct);
        var after = await Access.FindAsync(Api, Ct);

        Assert.Equal(("telegram:184", "Dave", "let me in"), Assert.IsType<ConfirmOutcome.Asks>(asks) is { Who: var who } ? (who.Identity, who.Name, who.Text) : default);
        Assert.False(still!.IsOwner(Dave));
        Assert.IsType<ConfirmOutcome.Linked>(linked);
        Assert.True(after!.IsOwner(Dave));
        Assert.True(after.Version > before!.Version);
        Assert.Contains("You are paired", Assert.Single(await WordsAsync()));
        Assert.Equal("Dave", Assert.Single(await new PairingStore(Engine).ListAsync(AliceCalls, Ct), one => one.Identity == Dave.Value).Name);
        Assert.IsType<ConfirmOutcome.Refused>(await Windows.ConfirmAsync(AliceCalls, code, Dave, Ct));
        Assert.Single(await AuditedAsync("identity.link"), row => (row.Actor, row.Detail) == ("console:alice", "telegram:184"));
    }

    [Fact]
    public async Task Who_sends_the_code_back_to_the_bot_has_not_guessed_and_nothing_stays_of_them()
    {
        await Windows.OpenAsync(AliceCalls, TenMinutes, Ct);
        await AskAsync(Dave);
        var code = Assert.Single(await CodesAsync());

        var outcome = await new PairingStore(Engine).TryAsync(Dave, "Dave", code, Ct);
        await Windows.CloseAsync(AliceCalls, Ct);

        Assert.Equal(PairingOutcome.Refused, outcome);
        Assert.Equal(0, await CountAsync("guess"));
        Assert.Empty(await AuditedAsync("refused.pairing"));
    }

    [Fact]
    public async Task Only_the_one_who_was_shown_is_linked()
    {
        await Windows.OpenAsync(AliceCalls, TenMinutes, Ct);
        await AskAsync(Dave);
        var code = Assert.Single(await CodesAsync());

        Assert.IsType<ConfirmOutcome.Refused>(await Windows.ConfirmAsync(AliceCalls, code, Identity.Chat("telegram", "185"), Ct));
        Assert.Equal(1, await CountAsync("pairing_request"));
    }

    [Fact]
    public async Task A_stranger_is_given_one_code_at_a_time()
    {
        await Windows.OpenAsync(AliceCalls, TimeSpan.FromMinutes(30), Ct);

        var first = await AskAsync(Dave);
        var second = await AskAsync(Dave, text: "hello?");
        var pending = await WordsAsync();
        Clock.Advance(PairingCode.ValidFor);
        var third = await AskAsync(Dave);

        Assert.Equal((true, false, true), (first, second, third));
        Assert.Single(pending);
        Assert.Single(await WordsAsync());
    }

    [Fact]
    public async Task Strangers_take_twenty_places_at_the_most_and_a_window_that_is_opened_anew_has_them_free()
    {
        await Windows.OpenAsync(AliceCalls, TenMinutes, Ct);
        for (var i = 0; i < PairingWindows.MostPending; i++)
        {
            Assert.True(await AskAsync(Identity.Chat("telegram", $"9{i}")));
        }

        var full = await AskAsync(Dave);
        await Windows.OpenAsync(AliceCalls, TenMinutes, Ct);
        var anew = await AskAsync(Dave);

        Assert.Equal((false, true), (full, anew));
        Assert.Single((await Windows.FindAsync(AliceCalls, Ct))!.Value.Requests);
    }

    [Fact]
    public async Task Strangers_who_come_at_the_same_time_do_not_get_a_place_too_many()
    {
        await Windows.OpenAsync(AliceCalls, TenMinutes, Ct);

        var asked = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => AskAsync(Identity.Chat("telegram", $"9{i % 25}"))));

        Assert.Equal(PairingWindows.MostPending, asked.Count(one => one));
        Assert.Equal(PairingWindows.MostPending, await CountAsync("pairing_request"));
    }

    [Fact]
    public async Task With_its_end_a_window_takes_all_that_strangers_said_and_were_told()
    {
        await Windows.OpenAsync(AliceCalls, TimeSpan.FromMinutes(5), Ct);
        await AskAsync(Dave);
        var code = Assert.Single(await CodesAsync());

        Clock.Advance(TimeSpan.FromMinutes(5));
        var late = await Windows.ConfirmAsync(AliceCalls, code, Dave, Ct);
        await Engine.TurnAsync(PairingWindows.SweepAsync, Ct);

        Assert.IsType<ConfirmOutcome.NoWindow>(late);
        Assert.Null(await Windows.FindAsync(AliceCalls, Ct));
        Assert.Equal((0, 0, 0), (await CountAsync("pairing_window"), await CountAsync("pairing_request"), await CountAsync("outbox")));
    }

    [Fact]
    public async Task A_code_lives_as_long_as_somebody_waits_for_it_and_only_they_confirm_it()
    {
        var bob = await CallerAsync("bob");
        await Windows.OpenAsync(AliceCalls, TenMinutes, Ct);
        await AskAsync(Dave);
        var code = Assert.Single(await CodesAsync());

        var without = await Windows.ConfirmAsync(bob, code, Dave, Ct);
        await Windows.OpenAsync(bob, TenMinutes, Ct);
        await Windows.CloseAsync(AliceCalls, Ct);
        var closed = await Windows.ConfirmAsync(AliceCalls, code, Dave, Ct);
        var bobs = await Windows.ConfirmAsync(bob, code, Dave, Ct);

        Assert.IsType<ConfirmOutcome.NoWindow>(without);
        Assert.IsType<ConfirmOutcome.NoWindow>(closed);
        Assert.IsType<ConfirmOutcome.Linked>(bobs);
        Assert.False((await Access.FindAsync(Api, Ct))!.IsOwner(Dave));
    }

    [Fact]
    public async Task After_five_wrong_codes_even_a_right_one_is_refused_for_ten_minutes()
    {
        await Windows.OpenAsync(AliceCalls, TimeSpan.FromMinutes(30), Ct);
        for (var i = 0; i < PairingWindows.MaxGuesses; i++)
        {
            await Windows.ConfirmAsync(AliceCalls, PairingCode.New(), null, Ct);
        }

        await AskAsync(Dave);
        var locked = await Windows.ConfirmAsync(AliceCalls, Assert.Single(await CodesAsync()), Dave, Ct);
        Clock.Advance(TenMinutes);
        await AskAsync(Dave);
        var again = await Windows.ConfirmAsync(AliceCalls, Assert.Single(await CodesAsync()), Dave, Ct);

        Assert.IsType<ConfirmOutcome.Refused>(locked);
        Assert.IsType<ConfirmOutcome.Linked>(again);
    }

    [Fact]
    public async Task A_token_that_is_revoked_opens_and_confirms_nothing()
    {
        var bob = await CallerAsync("bob");
        await Windows.OpenAsync(bob, TenMinutes, Ct);
        await AskAsync(Dave);
        var code = Assert.Single(await CodesAsync());
        await Principals.RevokeTokenAsync(bob.TokenId, AliceCalls, Ct);

        await Assert.ThrowsAsync<TokenRevokedException>(() => Windows.OpenAsync(bob, TenMinutes, Ct));
        await Assert.ThrowsAsync<TokenRevokedException>(() => Windows.ConfirmAsync(bob, code, Dave, Ct));
        await Assert.ThrowsAsync<TokenRevokedException>(() => Windows.CloseAsync(bob, Ct));
    }

    [Fact]
    public async Task Who_is_linked_already_is_not_asked_for()
    {
        await new PairingStore(Engine).TryAsync(Dave, "", await new PairingStore(Engine).NewAsync(AliceCalls, Ct), Ct);
        await Windows.OpenAsync(AliceCalls, TenMinutes, Ct);

        Assert.False(await AskAsync(Dave));
    }

    private Task<bool> AskAsync(Identity who, string name = "", string text = "hello") => Windows.AskAsync(
        who, name, text, new ConversationId { Platform = "telegram", Chat = who.Value.Split(':')[1], Bot = "team" }, Ct);

    // What would be sent now; a code that may not go any more is not among it.
    private async Task<List<string>> WordsAsync()
    {
        var leases = new LeaseStore(Engine);
        var lease = await leases.TakeAsync("bot:team", Ct);
        var words = (await new OutboxStore(Engine, leases).TakeAsync(lease!, "team", 100, Ct)).Select(item => item.Body).ToList();
        await leases.ReleaseAsync(lease!, Ct);
        return words;
    }

    private async Task<List<PairingCode>> CodesAsync() =>
        (await WordsAsync()).Select(words => PairingCode.TryParse(words.Split('`')[1], out var code) ? code : throw new FormatException(words)).ToList();
}
