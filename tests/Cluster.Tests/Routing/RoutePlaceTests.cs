using System.Text;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using Cluster.Core.Webhooks;

namespace Cluster.Tests.Routing;

public sealed class RoutePlaceTests
{
    [Theory]
    [InlineData("*", "github.com", "Acme/API", "github.com/acme/api")]
    [InlineData("*", "ghe.example", "acme/api", "ghe.example/acme/api")]
    [InlineData("*", null, "acme/api", null)]
    [InlineData("*", "github.com", null, null)]
    [InlineData("*", "sentry.io", "backend", null)]
    [InlineData("acme/api", "github.com", "acme/web", "github.com/acme/api")]
    [InlineData("acme/api", null, null, null)]
    [InlineData("github.com/acme/api", null, null, "github.com/acme/api")]
    [InlineData("GitHub.com/Acme/api", "ghe.example", "acme/api", "github.com/acme/api")]
    [InlineData("group/sub/api", "gitlab.com", null, "gitlab.com/group/sub/api")]
    public void A_repository_is_told_by_its_host_and_its_name(string written, string? host, string? repository, string? expected)
    {
        var summary = new WebhookSummary
        {
            Name = "github.push",
            Host = host,
            Trusted = repository is null ? [] : [new WebhookField { Name = "repository", Text = repository }],
        };

        Assert.Equal(expected, RoutePlaces.Of(written, RoutedEvent.Of("ci", summary)));
    }

    [Theory]
    [InlineData("*", "evil.example/acme/api", true)]
    [InlineData("acme/api", "github.com/acme/api", true)]
    [InlineData("Acme/API", "github.com/acme/api", true)]
    [InlineData("acme/api", "github.com/acme/api2", false)]
    [InlineData("acme/api", "github.com/x/acme/api", false)]
    [InlineData("github.com/acme/api", "github.com/acme/api", true)]
    [InlineData("github.com/acme/api", "evil.example/acme/api", false)]
    [InlineData("github.com/acme/api", "evil.example/github.com/acme/api", false)]
    public void A_route_covers_the_places_that_it_may_mean(string written, string place, bool covers) =>
        Assert.Equal(covers, RoutePlaces.Covers(written, place));

    [Fact]
    public void Whatever_a_route_means_for_an_event_it_covers()
    {
        string[] repositories = ["*", "acme/api", "github.com/acme/api", "group/sub/api", "evil.example/acme/api"];
        foreach (var written in repositories)
        {
            foreach (var (host, name) in new[] { ("github.com", "acme/api"), ("evil.example", "acme/api"), ("gitlab.com", "group/sub/api") })
            {
                var summary = new WebhookSummary { Name = "x.y", Host = host, Trusted = [new WebhookField { Name = "repository", Text = name }] };
                var place = RoutePlaces.Of(written, RoutedEvent.Of("ci", summary))!;

                Assert.True(RoutePlaces.Covers(written, place), $"{written} means {place}");
            }
        }
    }

    [Theory]
    [InlineData("github", "push", """{"repository":{"full_name":"acme/api","html_url":"https://GHE.example:8443/acme/api"}}""", "ghe.example")]
    [InlineData("github", "push", """{"repository":{"full_name":"acme/api"},"compare":"https://github.com/acme/api/compare/a...b"}""", null)]
    [InlineData("github", "push", """{"repository":{"full_name":"acme/api","html_url":"javascript:alert(1)"}}""", null)]
    [InlineData("github", "issues", """{"issue":{"html_url":"https://evil.example/acme/api/issues/1"},"repository":{"full_name":"acme/api","html_url":"https://github.com/acme/api"}}""", "github.com")]
    [InlineData("gitlab", "", """{"object_kind":"push","project":{"path_with_namespace":"acme/api","web_url":"https://gitlab.com/acme/api"}}""", "gitlab.com")]
    [InlineData("bitbucket", "", """{"repository":{"full_name":"acme/api","links":{"html":{"href":"https://bitbucket.org/acme/api"}}}}""", "bitbucket.org")]
    [InlineData("sentry", "", """{"data":{"event":{"web_url":"https://github.com/acme/api"}}}""", null)]
    public void The_host_is_that_of_the_platforms_own_address_of_the_repository(string kind, string name, string payload, string? host)
    {
        var sender = WebhookSenders.Find(kind)!;
        var headers = new WebhookHeaders(header => header == sender.EventHeader ? [name] : []);

        var summary = WebhookSenders.Read(sender, new WebhookDelivery(headers, Encoding.UTF8.GetBytes(payload), SourceSettings.None)).Summary;

        Assert.Equal(host, RoutedEvent.Of("ci", summary).Host);
    }

    [Fact]
    public void Of_those_who_work_there_one_that_is_attached_gets_it_and_the_reason_is_told()
    {
        var noon = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        Worker[] workers =
        [
            new("alice/old", "main", true, noon), new("alice/new", "dev", true, noon.AddHours(1)), new("bob/api", "main", false, noon.AddHours(2)),
            new("bob/never", null, false, null),
        ];

        Assert.Equal("alice/old", Worker.Live(workers, "main")!.Session);
        Assert.Equal("alice/new", Worker.Live(workers, null)!.Session);
        Assert.Equal("alice/new", Worker.Live(workers, "other")!.Session);
        Assert.Null(Worker.Live(workers[2..], "main"));
        Assert.Equal("bob/api", Worker.Last(workers[2..])!.Session);
        Assert.Null(Worker.Last([]));
        Assert.Equal(
            "alice/old works on github.com/acme/api (branch main), attached since 2026-03-01 12:00:00Z; alice/new does too (branch dev); bob/api is not attached; bob/never is not attached",
            Worker.Explain(workers[0], workers, "github.com/acme/api", names: true));
        Assert.Equal(
            "alice/old works on github.com/acme/api (branch main), attached since 2026-03-01 12:00:00Z; 3 others work there",
            Worker.Explain(workers[0], workers, "github.com/acme/api", names: false));
        Assert.Equal(
            "nobody who works on github.com/acme/api is attached; bob/api did last, so it waits there",
            Worker.Explain(workers[2], workers[2..], "github.com/acme/api", names: false));
    }

    [Fact]
    public void A_route_to_a_repository_stands_only_for_a_source_with_a_way_of_it()
    {
        Route[] routes = [new() { Name = "one", When = [new RouteCondition { Field = "source", Values = ["ci", "other"] }], Repository = "*" }];
        var table = new RouteTable(1, routes, [new RouteReach("ci", "alice/api")]);
        var summary = new WebhookSummary { Name = "github.push" };

        Assert.Single(table.Match(RoutedEvent.Of("ci", summary)));
        Assert.Empty(table.Match(RoutedEvent.Of("other", summary)));
        Assert.Contains("apply the routes again", table.Explain(RoutedEvent.Of("other", summary))[0].Reason);
    }

    [Theory]
    [InlineData("github.com/acme/api", true)]
    [InlineData("GitHub.com/Acme/API.v2", true)]
    [InlineData("host/a/b/c/d", true)]
    [InlineData("github.com/acme", false)]
    [InlineData("acme", false)]
    [InlineData("github.com/acme/..", false)]
    [InlineData("github.com/./api", false)]
    [InlineData("github.com/acme/api/", false)]
    [InlineData("github.com:443/acme/api", false)]
    [InlineData("user@github.com/acme/api", false)]
    [InlineData("https://github.com/acme/api", false)]
    [InlineData("github.com/acme/api\n", false)]
    [InlineData("github.com/acme/<b>", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void What_a_client_tells_is_taken_if_it_has_the_form(string? told, bool taken)
    {
        var place = Workplace.Read(told, "main", "api");

        Assert.Equal(taken ? told : null, place.Repository);
        Assert.Equal(("main", "api"), (place.Branch, place.Folder)); // each by itself
    }

    [Theory]
    [InlineData("a b", null, "a b")]
    [InlineData("../x", "../x", null)]
    [InlineData("/etc", null, null)]
    [InlineData("x\r\ny", null, null)]
    [InlineData("<x>", null, null)]
    [InlineData("größe", null, null)]
    public void A_branch_and_a_folder_have_a_form_too(string told, string? branch, string? folder)
    {
        var place = Workplace.Read(null, told, told);

        Assert.Equal((branch, folder), (place.Branch, place.Folder));
    }
}
