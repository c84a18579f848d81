using System.Net;
using System.Net.Http.Json;
using System.Text;
using Cluster.Core.Api;
using Cluster.Core.Sessions;
using Cluster.Testing;

namespace Cluster.Server.Tests.Routing;

/// <summary>Events that go to whoever works on their repository.</summary>
public sealed class PlacePathTests
{
    // That of GitHub's own example, and the branch of its check run.
    internal const string Repository = "github.com/Codertocat/Hello-World";
    internal const string Branch = "changes";

    private const string ByRepository = "routes: [{ name: fix, when: { source: ci }, to: { repository: '*' }, playbook: Fix it. }]";

    [Fact]
    public async Task A_connector_in_a_git_folder_gets_the_events_of_its_repository_and_nobody_of_a_fork_or_another_host()
    {
        await using var node = await StartAsync("api");
        var github = await node.AddSourceAsync("api");
        await ApplyAsync(node, ByRepository);
        await using var connector = TypeScriptClient.OverConnector(Path.Combine(node.Folder, "home"), Checkout(node, "checkout"));
        await node.UntilAttachedAsync("checkout");
        await UntilWorksAsync(node, "checkout", Repository, Branch);
        await using var fork = await WorksAsync(node, "fork", "github.com/mallory/Hello-World", Branch);
        await using var elsewhere = await WorksAsync(node, "elsewhere", "evil.example/Codertocat/Hello-World", Branch);
        await using var nobody = await WorksAsync(node, "nobody", "https://github.com/Codertocat/Hello-World", "../..");

        using var sent = await github.SendAsync(GitHubSender.CheckRunNumber(1));
        var pushed = await connector.NextAsync("notification");

        Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
        Assert.Contains("Fix it.", (string)pushed["params"]!["content"]!);
        Assert.All(new[] { fork, elsewhere, nobody }, client => Assert.False(client.TryNext(out _)));
        Assert.Empty(await EventsAsync(node, "api"));
        using var api = node.Api();
        var session = (await api.GetFromJsonAsync("/api/sessions/me/checkout", ApiJson.Default.SessionInfo))!;
        Assert.Equal((Repository, Branch, "checkout"), (session.Repository, session.Branch, session.Folder));
        Assert.Null((await api.GetFromJsonAsync("/api/sessions/me/nobody", ApiJson.Default.SessionInfo))!.Repository);
        var target = Assert.Single((await TestAsync(api)).Targets);
        Assert.Equal("admin/checkout", target.Session);
        Assert.StartsWith("admin/checkout works on github.com/codertocat/hello-world (branch changes), attached since 20", target.Why);
        var life = (await api.GetFromJsonAsync($"/api/events/{Assert.Single(await EventsAsync(node, "checkout")).Id}", ApiJson.Default.EventLife))!;
        Assert.Equal("fix", life.Route);
        Assert.StartsWith("route fix: admin/checkout works on github.com/codertocat/hello-world (branch changes)", Assert.Single(life.History).Note);
        var listed = (await connector.CallAsync("list_sessions", []))["content"]![0]!["text"]!.GetValue<string>();
        Assert.Contains("works on github.com/Codertocat/Hello-World branch changes", listed);
        Assert.DoesNotContain("hunter2", await node.WholeLogAsync());
    }

    [Fact]
    public async Task A_connector_that_is_on_another_branch_says_so()
    {
        await using var node = await StartAsync("api");
        var folder = Checkout(node, "checkout");
        await using var connector = TypeScriptClient.OverConnector(Path.Combine(node.Folder, "home"), folder);
        await node.UntilAttachedAsync("checkout");

        await File.WriteAllTextAsync(Path.Combine(folder, ".git", "HEAD"), "ref: refs/heads/other\n");

        using var api = node.Api();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await api.GetFromJsonAsync("/api/sessions/me/checkout", ApiJson.Default.SessionInfo))!.Branch != "other")
        {
            Assert.False(patience.IsCancellationRequested, "The branch is not told.");
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Another_owners_session_gets_events_after_they_accepted_and_none_after_they_left()
    {
        await using var node = await StartAsync("api");
        var github = await node.AddSourceAsync("api");
        await ApplyAsync(node, ByRepository);
        var token = await node.InviteAsync("bob");
        await using var his = await WorksAsync(node, "his", Repository, Branch, token);
        using var alice = node.Api();
        using var bob = node.Api(token);

        await SendAsync(github, 1);
        Assert.Equal(HttpStatusCode.NotFound, (await bob.PostAsync("/api/sources/ci/accept", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await bob.PutAsync("/api/sources/ci/owners/bob", null)).StatusCode);
        (await alice.PutAsync("/api/sources/ci/owners/bob", null)).EnsureSuccessStatusCode();
        await SendAsync(github, 2);
        Assert.Equal(2, (await EventsAsync(node, "api")).Count);
        Assert.False(his.TryNext(out _));

        var invited = Assert.Single((await bob.GetFromJsonAsync("/api/sources/listed", ApiJson.Default.IReadOnlyListSourceListing))!);
        Assert.Equal(("ci", "github", "admin", null), (invited.Source, invited.Kind, invited.Owner, invited.AcceptedAt));
        Assert.Empty((await bob.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo))!);
        (await bob.PostAsync("/api/sources/ci/accept", null)).EnsureSuccessStatusCode();
        await SendAsync(github, 3);
        Assert.Contains("Fix it.", (string)(await his.NextAsync())["params"]!["content"]!);
        Assert.NotNull(Assert.Single((await alice.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo))!.Single().Owners).AcceptedAt);

        (await bob.PostAsync("/api/sources/ci/leave", null)).EnsureSuccessStatusCode();
        await SendAsync(github, 4);
        Assert.Equal(3, (await EventsAsync(node, "api")).Count);
        Assert.False(his.TryNext(out _));
    }

    [Fact]
    public async Task Where_nobody_is_attached_it_goes_otherwise_and_without_that_where_somebody_worked_last()
    {
        await using var node = await StartAsync("api", "triage");
        var github = await node.AddSourceAsync("api");
        await ApplyAsync(node, "routes: [{ name: fix, when: { source: ci }, to: { repository: Codertocat/Hello-World }, otherwise: { session: triage } }]");
        var web = await WorksAsync(node, "web", Repository, "dev");

        await SendAsync(github, 1);
        await web.NextAsync();
        await web.DisposeAsync();
        await node.UntilDetachedAsync("web");
        await SendAsync(github, 2);
        using var api = node.Api();
        var away = Assert.Single((await TestAsync(api)).Targets);
        await ApplyAsync(node, ByRepository);
        await SendAsync(github, 3);
        var last = Assert.Single((await TestAsync(api)).Targets);

        Assert.Single(await EventsAsync(node, "triage"));
        Assert.Equal(2, (await EventsAsync(node, "web")).Count);
        Assert.Empty(await EventsAsync(node, "api"));
        Assert.Equal(("admin/triage", "nobody who works on github.com/codertocat/hello-world is attached"), (away.Session, away.Why));
        Assert.Equal(
            ("admin/web", "nobody who works on github.com/codertocat/hello-world is attached; admin/web did last, so it waits there"), (last.Session, last.Why));
    }

    [Fact]
    public async Task Of_two_who_work_there_the_one_on_the_events_branch_gets_it()
    {
        await using var node = await StartAsync("api");
        var github = await node.AddSourceAsync("api");
        await ApplyAsync(node, ByRepository);
        await using var right = await WorksAsync(node, "right", Repository, Branch);
        await using var later = await WorksAsync(node, "later", Repository, "main");

        await SendAsync(github, 1);
        await right.NextAsync();
        (right.Place["Cluster-Branch"], right.Place["Cluster-Moves"]) = ("main", "1");
        (later.Place["Cluster-Branch"], later.Place["Cluster-Moves"]) = (Branch, "1");
        foreach (var client in new[] { right, later })
        {
            using var told = await client.NotifyAsync("notifications/cluster/workplace", null);
        }

        await UntilWorksAsync(node, "right", Repository, "main");
        await UntilWorksAsync(node, "later", Repository, Branch);
        await SendAsync(github, 2);
        await later.NextAsync();

        Assert.False(right.TryNext(out _));
        Assert.Empty(await EventsAsync(node, "api"));
    }

    [Fact]
    public async Task A_request_that_was_on_its_way_takes_nobody_back_to_where_it_worked_before()
    {
        await using var node = await StartAsync("api");
        await using var client = await WorksAsync(node, "api", Repository, Branch);
        (client.Place["Cluster-Branch"], client.Place["Cluster-Moves"]) = ("main", "2");
        using var told = await client.NotifyAsync("notifications/cancelled", null);
        await UntilWorksAsync(node, "api", Repository, "main");

        (client.Place["Cluster-Branch"], client.Place["Cluster-Moves"]) = (Branch, "1");
        using var late = await client.NotifyAsync("notifications/cancelled", null);
        await client.CloseStreamAsync();
        await client.OpenStreamAsync();

        using var api = node.Api();
        for (var i = 0; i < 50; i++) // an old claim that was heard would be written by then
        {
            Assert.Equal("main", (await api.GetFromJsonAsync("/api/sessions/me/api", ApiJson.Default.SessionInfo))!.Branch);
        }

        client.Place["Cluster-Moves"] = "3"; // and back it goes, in truth
        using var moved = await client.NotifyAsync("notifications/cancelled", null);
        await UntilWorksAsync(node, "api", Repository, Branch);
    }

    [Fact]
    public async Task What_somebody_has_already_does_not_go_to_who_works_there_when_the_sender_comes_again()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:MailboxWaiting=1"]);
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        await ApplyAsync(node, "routes: [{ name: fix, when: { source: ci }, to: { repository: '*' }, also: true }]");
        await using var first = await WorksAsync(node, "first", Repository, Branch);
        await node.TellAsync("api", "fills it");

        using var half = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        await first.NextAsync();
        await using var second = await WorksAsync(node, "second", Repository, Branch);
        await using var own = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await own.NextAsync();
        await node.UntilAsync("api", (await EventsAsync(node, "api"))[0].Id, "received");
        using var whole = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        using var third = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");

        Assert.Equal(
            [HttpStatusCode.ServiceUnavailable, HttpStatusCode.Accepted, HttpStatusCode.OK], [half.StatusCode, whole.StatusCode, third.StatusCode]);
        Assert.Single(await EventsAsync(node, "first"));
        Assert.Empty(await EventsAsync(node, "second"));
        Assert.Equal(2, (await EventsAsync(node, "api")).Count); // what filled it, and the webhook
    }

    [Fact]
    public async Task Who_gets_the_events_again_says_again_where_the_session_works()
    {
        await using var node = await StartAsync("api");
        await using var older = await WorksAsync(node, "web", Repository, Branch);
        await using var newer = await WorksAsync(node, "web", "github.com/acme/other", "main");

        using var ended = await newer.DeleteAsync();

        await UntilWorksAsync(node, "web", Repository, Branch);
    }

    private static async Task<NodeHost> StartAsync(params string[] sessions)
    {
        var node = await NodeHost.StartAsync();
        foreach (var session in sessions)
        {
            await node.CreateSessionAsync(session);
        }

        return node;
    }

    internal static async Task<HttpMcpClient> WorksAsync(NodeHost node, string session, string repository, string branch, string? token = null)
    {
        var client = new HttpMcpClient(node.Url, token ?? node.AdminToken, session)
        {
            Place = { ["Cluster-Repository"] = repository, ["Cluster-Branch"] = branch },
        };
        await client.InitializeAsync();
        await client.OpenStreamAsync();
        await UntilAttachedAsync(node, session, token);
        var told = Workplace.Read(repository, branch, null);
        await UntilWorksAsync(node, session, told.Repository, told.Branch, token);
        return client;
    }

    private static async Task UntilAttachedAsync(NodeHost node, string session, string? token)
    {
        using var api = node.Api(token);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!(await api.GetFromJsonAsync($"/api/sessions/me/{session}", ApiJson.Default.SessionInfo))!.Attached)
        {
            Assert.False(patience.IsCancellationRequested, $"{session} is not attached.");
            await Task.Yield();
        }
    }

    private static async Task UntilWorksAsync(NodeHost node, string session, string? repository, string? branch, string? token = null)
    {
        using var api = node.Api(token);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await api.GetFromJsonAsync($"/api/sessions/me/{session}", ApiJson.Default.SessionInfo) is var info
            && (info!.Repository, info.Branch) != (repository, branch))
        {
            Assert.False(patience.IsCancellationRequested, $"{session} works on {info.Repository} {info.Branch}, not on {repository} {branch}.");
            await Task.Yield();
        }
    }

    // A folder as `git clone` leaves it, with a remote that has a password.
    private static string Checkout(NodeHost node, string name)
    {
        var folder = Path.Combine(node.Folder, name);
        Directory.CreateDirectory(Path.Combine(folder, ".git"));
        File.WriteAllText(Path.Combine(folder, ".git", "config"), $"[remote \"origin\"]\n\turl = https://x:hunter2@{Repository}.git\n");
        File.WriteAllText(Path.Combine(folder, ".git", "HEAD"), $"ref: refs/heads/{Branch}\n");
        return folder;
    }

    private static async Task SendAsync(GitHubSender github, long number)
    {
        using var sent = await github.SendAsync(GitHubSender.CheckRunNumber(number));
        Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
    }

    internal static async Task ApplyAsync(NodeHost node, string yaml)
    {
        using var api = node.Api();
        using var answer = await api.PutAsync("/api/routes", new StringContent(yaml, Encoding.UTF8, "text/yaml"));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<RoutesTest> TestAsync(HttpClient api)
    {
        var request = new TestRoutes { Source = "ci", Event = "check_run", Payload = GitHubSender.CheckRun };
        using var answer = await api.PostAsJsonAsync("/api/routes/test", request, ApiJson.Default.TestRoutes);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.RoutesTest))!;
    }

    internal static async Task<IReadOnlyList<EventInfo>> EventsAsync(NodeHost node, string session)
    {
        using var api = node.Api();
        return (await api.GetFromJsonAsync($"/api/events?session={session}&limit=200", ApiJson.Default.IReadOnlyListEventInfo))!;
    }
}
