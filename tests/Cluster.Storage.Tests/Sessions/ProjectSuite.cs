using Cluster.Core.Access;
using Cluster.Core.Sessions;
using Cluster.Storage.Sessions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Sessions;

public sealed class SqliteProjectTests() : ProjectSuite(new SqliteDatabase());

public sealed class PostgresProjectTests() : ProjectSuite(new PostgresDatabase());

/// <summary>Which session each of several projects gets that have one folder name. <c>alice/api</c> stands since before there were projects,
/// and bob may talk to it.</summary>
public abstract class ProjectSuite(TestDatabase database) : StoreSuite(database)
{
    private static readonly Project One = new() { Key = Project.KeyOf("one"), Earlier = Project.KeyOf("one before"), Place = "github.com/acme/api" };
    private static readonly Project Other = new() { Key = Project.KeyOf("other"), Place = "github.com/bob/api" };
    private static readonly SessionId Apart = new("alice", $"api-{Other.Key[..4]}");
    private static readonly SessionId Web = new("alice", "web");

    private int _started;

    [Fact]
    public async Task The_first_project_keeps_the_name_and_another_one_has_its_own_with_its_own_list()
    {
        Assert.Equal(new GivenName(Api), await GiveAsync("instance-1", One));
        Assert.Equal(new GivenName(Apart) { IsApart = true }, await GiveAsync("instance-2", Other));
        Assert.Equal(new GivenName(new("alice", "api.2")) { IsFurther = true }, await GiveAsync("instance-3", One));
        Assert.Equal(new GivenName(new("alice", $"{Apart.Name}.2")) { IsFurther = true, IsApart = true }, await GiveAsync("instance-4", Other));

        Assert.True((await Access.FindAsync(new("alice", "api.2"), Ct))!.May(Bob, Act.Talk));
        Assert.False((await Access.FindAsync(Apart, Ct))!.May(Bob, Act.Find));
        Assert.Equal(Apart, (await Access.FindAsync(new("alice", $"{Apart.Name}.2"), Ct))!.Shares);
    }

    [Fact]
    public async Task What_waits_for_one_project_is_not_given_to_another_though_nobody_else_is_there()
    {
        await GiveAsync("instance-1", One);
        await McpSessions.EndAsync("terminal-1", Ct);
        var waiting = await AcceptAsync();

        Assert.Equal(Apart, (await GiveAsync("instance-2", Other))!.Session);
        Assert.Equal("queued", await StateAsync(waiting));
        Clock.Advance(TimeSpan.FromDays(40));
        Assert.Equal(Apart, (await GiveAsync("instance-3", Other, asked: Api))!.Session);
        Assert.Equal(Api, (await GiveAsync("instance-4", One))!.Session);
    }

    [Fact]
    public async Task Many_projects_that_come_at_the_same_instant_each_get_a_family_of_their_own()
    {
        var projects = Enumerable.Range(0, 8).Select(i => new Project { Key = Project.KeyOf($"{i}") }).ToList();

        var given = await Task.WhenAll(projects.SelectMany(project => new[] { project, project })
            .Select((project, i) => Task.Run(async () => (project.Key, Name: (await GiveAsync($"instance-{i}", project, asked: Web))!))));

        var families = given.GroupBy(one => one.Name.Session.Name.Split('.')[0]).ToList();
        Assert.Equal(16, given.Select(one => one.Name.Session).Distinct().Count());
        Assert.Equal(8, families.Count);
        Assert.All(families, family => Assert.Single(family.Select(one => one.Key).Distinct()));
        Assert.Contains(families, family => family.Key == "web");
    }

    [Fact]
    public async Task A_name_given_on_purpose_is_had_and_said_to_be_anothers_and_changes_nothing()
    {
        await GiveAsync("instance-1", One);
        await McpSessions.EndAsync("terminal-1", Ct);

        Assert.Equal(new GivenName(Api) { IsForeign = true }, await GiveAsync("instance-2", Other, named: true));
        Assert.Equal(new GivenName(Api) { IsForeign = true }, await GiveAsync("instance-3", Other, claims: true));
        await McpSessions.EndAsync("terminal-2", Ct);
        await McpSessions.EndAsync("terminal-3", Ct);
        Assert.Equal(new GivenName(Api), await GiveAsync("instance-4", One));
    }

    [Fact]
    public async Task A_session_that_a_project_made_on_purpose_is_no_other_projects_by_its_folder()
    {
        Assert.Equal(new GivenName(Web), await GiveAsync("instance-1", One, asked: Web, named: true));

        Assert.True((await GiveAsync("instance-2", Other, asked: Web))!.IsApart);
    }

    [Fact]
    public async Task A_folder_called_like_a_further_terminal_of_another_project_is_not_taken_in()
    {
        await GiveAsync("instance-1", One);
        var second = (await GiveAsync("instance-2", One))!.Session;

        var given = (await GiveAsync("instance-3", Other, asked: second))!;

        Assert.Equal((new SessionId("alice", $"api.2-{Other.Key[..4]}"), true), (given.Session, given.IsApart));
        Assert.Null((await Access.FindAsync(given.Session, Ct))!.Shares);
    }

    [Fact]
    public async Task A_project_that_gets_a_remote_keeps_its_session_and_what_it_was_before_no_longer_has_it()
    {
        var before = new Project { Key = One.Earlier! };
        await GiveAsync("instance-1", before);
        await McpSessions.EndAsync("terminal-1", Ct);

        Assert.Equal(new GivenName(Api), await GiveAsync("instance-2", One));
        Assert.True((await GiveAsync("instance-3", before))!.IsApart);
        Assert.Contains($"session.project {One.Key}", await AuditAsync());
    }

    [Fact]
    public async Task A_connector_that_tells_no_project_is_taken_at_its_word_and_makes_the_session_nobodys()
    {
        Assert.Equal(new GivenName(Web), await GiveAsync("instance-1", null, asked: Web));
        await McpSessions.EndAsync("terminal-1", Ct);
        Assert.Equal(new GivenName(Web), await GiveAsync("instance-2", One, asked: Web));

        Assert.Equal(new GivenName(new("alice", "web.2")) { IsFurther = true }, await GiveAsync("instance-3", null, asked: Web));
    }

    [Fact]
    public async Task A_session_that_a_plain_client_made_is_no_folders_but_had_by_name()
    {
        await ConnectAsync(session: Web);
        await McpSessions.EndAsync((await ConnectAsync(session: Web)).Id, Ct);

        Assert.True((await GiveAsync("instance-1", One, asked: Web))!.IsApart);
        Assert.Equal(new GivenName(Web), await GiveAsync("instance-2", One, asked: Web, named: true));
        Assert.True((await GiveAsync("instance-3", Other, asked: Web))!.IsApart);
    }

    [Fact]
    public async Task A_session_from_before_that_worked_on_another_repository_is_left_to_it()
    {
        Assert.Equal(Api, (await GiveAsync("instance-1", null))!.Session);
        await new WorkplaceStore(Engine).TellAsync("terminal-1", Api, Workplace.Read("github.com/acme/api", null, "api"), Ct);
        await McpSessions.EndAsync("terminal-1", Ct);

        Assert.Equal(Apart, (await GiveAsync("instance-2", Other))!.Session);
        Assert.Equal(Api, (await GiveAsync("instance-3", One))!.Session);
    }

    [Fact]
    public async Task To_ask_for_the_name_says_what_would_be_given_and_changes_nothing()
    {
        await GiveAsync("instance-1", One);
        var before = (await CountAsync("session"), await CountAsync("mcp_session"));

        Assert.Equal(new GivenName(new("alice", "api.2")) { IsFurther = true }, await AskNameAsync("instance-2", One));
        Assert.Equal(new GivenName(Apart) { IsApart = true }, await AskNameAsync("instance-2", Other));
        Assert.Equal(new GivenName(Web), await AskNameAsync("instance-2", Other, Web));
        Assert.Equal(new GivenName(Web), await McpSessions.NameAsync(Web, null, Ct));

        Assert.Equal(before, (await CountAsync("session"), await CountAsync("mcp_session")));
        Assert.Equal(new GivenName(Api), await AskNameAsync("instance-1", One));
    }

    private Task<GivenName?> AskNameAsync(string instance, Project project, SessionId? asked = null) =>
        McpSessions.NameAsync(asked ?? Api, new Instance(instance, false) { Project = project }, Ct);

    private Task<GivenName?> GiveAsync(string instance, Project? project, bool named = false, bool claims = false, SessionId? asked = null) =>
        McpSessions.InitializeAsync(
            $"terminal-{Interlocked.Increment(ref _started)}",
            AliceCalls.TokenId,
            asked ?? Api,
            new Instance(instance, claims) { Project = project, IsNamed = named || claims },
            "2025-11-25",
            "test",
            Ct);

    private Task<List<string>> AuditAsync() =>
        Engine.ReadAsync(db => db.RowsAsync("SELECT action, detail FROM audit", r => $"{r.GetString(0)} {r.GetString(1)}"), Ct);
}
