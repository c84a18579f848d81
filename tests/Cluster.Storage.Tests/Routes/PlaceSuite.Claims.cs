using Cluster.Core.Sessions;
using Cluster.Storage.Sources;

namespace Cluster.Storage.Tests.Routes;

public abstract partial class PlaceSuite
{
    private const string Other = "github.com/acme/other";

    [Fact]
    public async Task Whoever_initialized_later_and_does_not_listen_does_not_say_where_the_session_works()
    {
        await SetUpAsync();
        await AppliedAsync(Rule());
        var attached = await ConnectAsync(session: Web);
        await McpSessions.InitializeAsync("later", AliceCalls.TokenId, Web, "2025-11-25", "claude-code 2.1.330", Ct);

        Assert.False(await Workplaces.TellAsync("later", Web, Place(Other), Ct));
        Assert.True(await Workplaces.TellAsync(attached.Id, Web, Place(Acme), Ct));

        Assert.NotNull(await ReachAsync(Web));
    }

    [Fact]
    public async Task A_newer_client_that_stays_away_has_the_word_no_more()
    {
        await SetUpAsync();
        await AppliedAsync(Rule());
        var older = await ConnectAsync(session: Web);
        var newer = await WorksAsync(Web, Other);
        await McpSessions.CloseStreamAsync(newer.Id, newer.Stream, Ct);

        Assert.False(await Workplaces.TellAsync(older.Id, Web, Place(Acme), Ct));
        Clock.Advance(AttachmentRules.Grace);
        Assert.True(await Workplaces.TellAsync(older.Id, Web, Place(Acme), Ct));

        Assert.NotNull(await ReachAsync(Web));
    }

    [Fact]
    public async Task A_way_by_a_claim_says_the_place_so_that_a_decision_on_another_one_is_none()
    {
        await SetUpAsync();
        await AppliedAsync(Rule("*"));
        var client = await WorksAsync(Web, Acme);
        Assert.Equal(Acme, (await Access.FindAsync(Web, Ct))!.RuledPlaces[_path]);
        var (version, reach) = (await VersionAsync(Web), await ReachAsync(Web));

        await Workplaces.TellAsync(client.Id, Web, Place(Other), Ct);

        Assert.Equal(reach, await ReachAsync(Web));
        Assert.Equal(Other, (await Access.FindAsync(Web, Ct))!.RuledPlaces[_path]);
        Assert.NotEqual(version, await VersionAsync(Web));
        Assert.Empty((await Access.FindAsync(Api, Ct))!.RuledPlaces);
    }

    [Fact]
    public async Task A_session_that_a_route_names_stays_reached_wherever_it_works()
    {
        await SetUpAsync();
        await AppliedAsync(Rule() with { Otherwise = $"{Web}" });
        var client = await WorksAsync(Web, Acme);
        var version = await VersionAsync(Web);

        await Workplaces.TellAsync(client.Id, Web, Place(Other), Ct);

        Assert.NotNull(await ReachAsync(Web));
        Assert.Equal(version, await VersionAsync(Web));
    }

    [Fact]
    public async Task Of_very_many_routes_a_claim_finds_those_that_it_concerns()
    {
        await SetUpAsync();
        await AppliedAsync([.. Enumerable.Range(0, 75).Select(i => Rule($"acme/r{i}") with { Name = $"r{i}" })]);

        var client = await WorksAsync(Web, "github.com/Acme/R74");
        Assert.NotNull(await ReachAsync(Web));
        Assert.Equal(75, await CountAsync("route_place"));
        await Workplaces.TellAsync(client.Id, Web, Place(Other), Ct);

        Assert.Null(await ReachAsync(Web));
    }

    [Fact]
    public async Task An_admin_takes_others_off_a_list_but_puts_nobody_on_it()
    {
        await SetUpAsync();
        var admin = _bob with { Admin = true };

        Assert.Equal(OwnerChange.NoSuchSource, await Owners.AddAsync("ci", "bob", admin, Ct));
        Assert.Equal(0, await CountAsync("source_owner"));
        await ListAsync();
        Assert.Equal(OwnerChange.Done, await Owners.RemoveAsync("ci", "bob", admin, Ct));
    }

    [Fact]
    public async Task Routes_that_an_older_node_applied_keep_their_sources()
    {
        await SetUpAsync();
        var named = Rule() with { Repository = null, To = $"{Web}" };
        await AppliedAsync(named);

        await ForgottenSourcesAsync();
        await ListAsync();
        Assert.NotNull(await ReachAsync(Web));

        await ForgottenSourcesAsync();
        await AppliedAsync(named);
        Assert.Equal(1, await CountAsync("route_source"));
    }

    [Fact]
    public async Task A_route_to_a_repository_is_stored_with_a_session_for_nodes_that_need_one_and_read_without()
    {
        await SetUpAsync();
        await AppliedAsync(Rule(), Rule("*") with { Name = "two", Otherwise = $"{Web}" });

        var text = await Engine.ReadAsync(db => db.RowAsync("SELECT routes FROM route_table WHERE owner = 'alice'", r => r.GetString(0)), Ct);
        var again = await Rules.ApplyAsync([Rule(), Rule("*") with { Name = "two", Otherwise = $"{Web}" }], dryRun: false, AliceCalls, Ct);

        Assert.Contains($"\"to\":\"{Api}\"", text);
        Assert.Contains($"\"to\":\"{Web}\"", text);
        Assert.All((await Rules.FindAsync("alice", Ct)).Routes, route => Assert.Null(route.To));
        Assert.Empty(again.Changes);
    }

    // As a node leaves it that does not know this table.
    private Task<int> ForgottenSourcesAsync() => Engine.TurnAsync(turn => turn.Db.ExecuteAsync("DELETE FROM route_source"), Ct);
}
