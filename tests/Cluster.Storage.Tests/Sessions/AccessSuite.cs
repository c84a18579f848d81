using Cluster.Core.Access;
using Cluster.Core.Sessions;
using Cluster.Storage.Sessions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Sessions;

public sealed class SqliteAccessTests() : AccessSuite(new SqliteDatabase());

public sealed class PostgresAccessTests() : AccessSuite(new PostgresDatabase());

public abstract class AccessSuite(TestDatabase database) : StoreSuite(database)
{
    [Fact]
    public async Task A_new_session_admits_nobody_but_its_owner()
    {
        var web = new SessionId("alice", "web");
        await Sessions.EnsureAsync(web, "test", Ct);

        var access = (await Access.FindAsync(web, Ct))!;

        Assert.All(Enum.GetValues<Act>(), act => Assert.True(access.May(Alice, act)));
        Assert.All(Enum.GetValues<Act>(), act => Assert.False(access.May(Bob, act)));
        Assert.Empty(access.Entries);
    }

    [Theory]
    [InlineData(Role.Talk, Act.Talk)]
    [InlineData(Role.Approve, Act.Approve)]
    [InlineData(Role.Watch, Act.Watch)]
    public async Task A_role_is_given_and_taken_and_gives_nothing_else(Role role, Act act)
    {
        await Access.AllowAsync(Api, Carol, role, Alice, Ct);
        var given = (await Access.FindAsync(Api, Ct))!;
        await Access.RevokeAsync(Api, Carol, role, Alice, Ct);
        var taken = (await Access.FindAsync(Api, Ct))!;

        Assert.Equal([act, Act.Find], Enum.GetValues<Act>().Where(a => given.May(Carol, a)));
        Assert.DoesNotContain(Enum.GetValues<Act>(), a => taken.May(Carol, a));
    }

    [Fact]
    public async Task One_role_is_taken_and_the_others_stay()
    {
        await Access.AllowAsync(Api, Bob, Role.Approve, Alice, Ct);
        await Access.RevokeAsync(Api, Bob, Role.Talk, Alice, Ct);
        var access = (await Access.FindAsync(Api, Ct))!;
        Assert.False(access.May(Bob, Act.Talk));
        Assert.True(access.May(Bob, Act.Approve));

        await Access.AllowAsync(Api, Bob, Role.Talk, Alice, Ct);
        await Access.RevokeAsync(Api, Bob, Role.None, Alice, Ct);
        Assert.False((await Access.FindAsync(Api, Ct))!.May(Bob, Act.Find));
    }

    [Fact]
    public async Task The_version_grows_with_every_change_and_with_nothing_else()
    {
        var start = await VersionAsync();

        await Access.AllowAsync(Api, Bob, Role.Talk, Alice, Ct);
        await Access.RevokeAsync(Api, Carol, Role.Talk, Alice, Ct);
        await AcceptAsync();
        await ConnectAsync();
        Assert.Equal(start, await VersionAsync());

        await Access.AllowAsync(Api, Carol, Role.Talk, Alice, Ct);
        Assert.Equal(start + 1, await VersionAsync());
        await Access.RevokeAsync(Api, Carol, Role.Talk, Alice, Ct);
        Assert.Equal(start + 2, await VersionAsync());
    }

    [Fact]
    public async Task Nobody_but_the_owner_changes_or_reads_the_list()
    {
        await Access.AllowAsync(Api, Bob, Role.Approve, Alice, Ct);
        await Access.AllowAsync(Api, Bob, Role.Watch, Alice, Ct);
        var version = await VersionAsync();

        foreach (var who in new[] { Bob, Carol, Identity.Source("ci"), Identity.Session(Api), default })
        {
            Assert.IsType<AccessChange.NoSuchSession>(await Access.AllowAsync(Api, Carol, Role.Talk, who, Ct));
            Assert.IsType<AccessChange.NoSuchSession>(await Access.RevokeAsync(Api, Bob, Role.None, who, Ct));
            Assert.Null(await Access.DescribeAsync(Api, who, Ct));
        }

        Assert.Equal(version, await VersionAsync());
        Assert.NotNull(await Access.DescribeAsync(Api, Alice, Ct));
    }

    [Fact]
    public async Task An_unknown_session_answers_as_one_of_somebody_elses()
    {
        var nowhere = new SessionId("alice", "nowhere");

        Assert.IsType<AccessChange.NoSuchSession>(await Access.AllowAsync(nowhere, Bob, Role.Talk, Alice, Ct));
        Assert.Null(await Access.DescribeAsync(nowhere, Alice, Ct));
        Assert.Null(await Access.FindAsync(nowhere, Ct));
        Assert.Null(await Sessions.FindAsync(nowhere, Alice, Ct));
        Assert.Null(await Sessions.FindAsync(Api, Carol, Ct));
    }

    [Fact]
    public async Task Every_change_is_audited_with_who_and_what()
    {
        await Access.AllowAsync(Api, Carol, Role.Approve, Alice, Ct);
        await Access.RevokeAsync(Api, Carol, Role.None, Alice, Ct);
        await Access.RevokeAsync(Api, Carol, Role.None, Alice, Ct);

        var allowed = (await AuditedAsync("access.allow")).First();
        var revoked = Assert.Single(await AuditedAsync("access.revoke"));
        Assert.Equal(("console:alice", "alice/api", "console:carol approve"), (allowed.Actor, allowed.Subject, allowed.Detail));
        Assert.Equal(("console:alice", "alice/api", "console:carol all"), (revoked.Actor, revoked.Subject, revoked.Detail));
    }

    [Fact]
    public async Task A_list_says_who_gave_each_role_and_when()
    {
        Clock.Advance(TimeSpan.FromMinutes(1));
        await Access.AllowAsync(Api, Carol, Role.Watch, Alice, Ct);

        var info = (await Access.DescribeAsync(Api, Alice, Ct))!;

        Assert.Equal(["console:bob talk", "console:carol watch"], info.Entries.Select(e => $"{e.Identity} {e.Role}"));
        Assert.Equal(Clock.GetUtcNow(), info.Entries[1].GrantedAt);
        Assert.Equal("console:alice", info.Entries[1].GrantedBy);
    }

    [Fact]
    public async Task People_find_their_own_sessions_and_those_that_list_them()
    {
        await Sessions.EnsureAsync(new SessionId("alice", "web"), "test", Ct);
        await Sessions.EnsureAsync(new SessionId("bob", "home"), "test", Ct);

        Assert.Equal(["alice/api", "alice/web"], (await Sessions.ListAsync(Alice, Ct)).Select(s => s.Id));
        Assert.Equal(["alice/api", "bob/home"], (await Sessions.ListAsync(Bob, Ct)).Select(s => s.Id));
        Assert.Empty(await Sessions.ListAsync(Carol, Ct));
        Assert.Equal(["talk"], (await Sessions.FindAsync(Api, Bob, Ct))!.Roles);
        Assert.Equal(["owner"], (await Sessions.FindAsync(Api, Alice, Ct))!.Roles);
    }

    [Fact]
    public async Task Only_those_who_may_approve_learn_how_many_requests_are_open()
    {
        var client = await ConnectAsync();
        var asker = (await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!;
        await Permissions.OpenAsync(asker, "abcde", "Bash", "", "", TimeSpan.FromMinutes(10), Ct);

        Assert.Equal(1, (await Sessions.FindAsync(Api, Alice, Ct))!.OpenPermissions);
        Assert.Equal(0, (await Sessions.FindAsync(Api, Bob, Ct))!.OpenPermissions);
    }
}
