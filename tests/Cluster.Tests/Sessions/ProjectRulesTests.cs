using Cluster.Core.Sessions;

namespace Cluster.Tests.Sessions;

public sealed class ProjectRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SessionId Api = new("alice", "api");
    private static readonly Project Mine = new() { Key = Project.KeyOf("mine"), Earlier = Project.KeyOf("before"), Place = "github.com/acme/api" };
    private static readonly string Theirs = Project.KeyOf("theirs");
    private static readonly string Apart = $"api-{Mine.Key[..4]}";

    [Fact]
    public void A_name_that_nobody_has_is_the_projects() => Assert.Equal("api", Choose());

    [Fact]
    public void A_projects_own_session_is_its_own_at_every_start() => Assert.Equal("api", Choose(Owned(Api, Mine.Key)));

    [Fact]
    public void Another_projects_name_is_never_shared_and_the_own_one_stays()
    {
        Assert.Equal(Apart, Choose(Owned(Api, Theirs)));
        Assert.Equal(Apart, Choose(Owned(Api, Theirs), Owned(Named(Apart), Mine.Key)));

        // Not even when the plain one could be had later.
        Assert.Equal(Apart, Choose(Free(Api), Owned(Named(Apart), Mine.Key)));
    }

    [Fact]
    public void A_name_that_looks_like_the_own_one_and_is_another_projects_is_passed_over()
    {
        Assert.Equal($"api-{Mine.Key[..8]}", Choose(Owned(Api, Theirs), Owned(Named(Apart), Theirs)));
        Assert.Equal($"api-{Mine.Key[..8]}", Choose(Owned(Api, Theirs), Free(Named(Apart))));
        Assert.Null(Choose([.. ProjectRules.Names(Api, Mine).Select(name => Owned(name, Theirs))]));
    }

    [Fact]
    public void What_a_project_was_before_it_had_a_remote_is_still_its_own() => Assert.Equal("api", Choose(Owned(Api, Mine.Earlier!)));

    [Theory]
    [InlineData("nothing is known", true)]
    [InlineData("it works on the same repository", true)]
    [InlineData("it works on another repository", false)]
    [InlineData("it works in a folder without one", false)]
    [InlineData("a client tells nothing", false)]
    [InlineData("a process is there", false)]
    [InlineData("a process was there", true)]
    [InlineData("it is my own process", true)]
    [InlineData("a process is there and works on the same repository", true)]
    [InlineData("a client that told nothing was first", false)]
    [InlineData("a client that told nothing was first, on the same repository", true)]
    public void A_session_from_before_is_the_first_projects_unless_something_says_that_it_may_be_anothers(string what, bool expected)
    {
        var there = new InstanceClient { Instance = "other-process", InitializedAt = Now - TimeSpan.FromDays(1), Listens = true };
        var same = new Workplace { Repository = "github.com/Acme/API", Folder = "api" };
        var one = what switch
        {
            "it works on the same repository" => Free(Api) with { Workplace = same },
            "it works on another repository" => Free(Api) with { Workplace = new Workplace { Repository = "github.com/bob/api" } },
            "it works in a folder without one" => Free(Api) with { Workplace = new Workplace { Folder = "api" } },
            "a client tells nothing" => Free(Api) with { HasPlainClients = true },
            "a process is there" => Free(Api) with { Clients = [there] },
            "a process was there" => Free(Api) with { Clients = [there with { Listens = false, StreamClosedAt = Now - AttachmentRules.Grace }] },
            "it is my own process" => Free(Api) with { Clients = [there with { Instance = "my-process" }] },
            "a process is there and works on the same repository" => Free(Api) with { Clients = [there], Workplace = same },
            "a client that told nothing was first" => Owned(Api, ProjectRules.Unknown),
            "a client that told nothing was first, on the same repository" => Owned(Api, ProjectRules.Unknown) with { Workplace = same },
            _ => Free(Api),
        };

        Assert.Equal(expected ? "api" : Apart, Choose(one));
    }

    [Fact]
    public void Two_places_that_are_no_repository_are_not_the_same_for_that()
    {
        var mine = Mine with { Place = null };
        var one = Owned(Api, ProjectRules.Unknown) with { Workplace = new Workplace { Folder = "api" } };

        Assert.Equal(Apart, ProjectRules.Choose(Api, mine, "my-process", [one], Now)!.Value.Name);
    }

    [Fact]
    public void Only_a_known_project_that_is_another_is_foreign()
    {
        Assert.True(ProjectRules.IsForeign(Theirs, Mine));
        Assert.All(new[] { null, ProjectRules.Unknown, Mine.Key, Mine.Earlier }, key => Assert.False(ProjectRules.IsForeign(key, Mine)));
        Assert.False(ProjectRules.IsForeign(Theirs, null));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(58)]
    [InlineData(63)]
    public void Every_name_is_valid_and_another_one(int length)
    {
        var names = ProjectRules.Names(new SessionId("alice", new string('x', length)), Mine);

        Assert.Equal(5, names.Distinct().Count());
        Assert.All(names, name => Assert.True(Slug.IsValid(name.Name)));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("-", false)]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", true)]
    [InlineData("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", false)]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85", false)]
    public void A_key_has_one_form_and_is_never_empty(string key, bool expected) => Assert.Equal(expected, Project.IsKey(key));

    [Fact]
    public void Parts_that_run_together_are_not_the_same_key()
    {
        Assert.NotEqual(Project.KeyOf("a", "bc"), Project.KeyOf("ab", "c"));
        Assert.NotEqual(Project.KeyOf("path", "a"), Project.KeyOf("path", "a", ""));
    }

    private static string? Choose(params KnownProject[] known) => ProjectRules.Choose(Api, Mine, "my-process", known, Now)?.Name;

    private static SessionId Named(string name) => Api with { Name = name };

    private static KnownProject Free(SessionId session) => new() { Session = session };

    private static KnownProject Owned(SessionId session, string key) => new() { Session = session, Project = key };
}
