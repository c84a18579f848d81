using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Cluster.Core.Routing;
using Cluster.Server.Routes;

namespace Cluster.Tests.Routing;

public sealed class RoutesYamlTests
{
    [Fact]
    public void All_faults_are_told_at_once_with_their_lines()
    {
        var faults = Read("""
            rules: []
            routes:
              - name: one
                when: { source: ci, brunch: main }
                to: { session: api }
                fold: { by: [repository], within: soon }
              - name: one
                whn: {}
                to: { repository: acme/api }
              - name: three
                when:
                  source: ci*
                  title: hello
                  fork: maybe
                  run_attempt: ">= many"
                  branch:
                to: api
                notify: { telegram: 1 }
              - name: four
                when: { branch: main }
                to: { session: api }
                also: often
              - to: { session: "a b" }
              - text
              - name: five
                when: { source: ci, $.workflow_run.event: push, "$.a[*]": x }
                to: { session: api }
                escalate: { afer: 10m, session: "a b" }
              - name: six
                when: { source: ci }
                to: { session: api }
                escalate: { after: soon, session: triage }
                notify: telegram
              - name: seven
                when: { source: ci }
                to: { repository: [acme/api] }
              - name: eight
                when: { source: ci }
                to: { session: api }
                otherwise: { repository: acme/api }
            """);

        Assert.Equal(
            [
                "1: 'rules' is not known here; the file has one key, 'routes'.",
                "4: No event has a field 'brunch'. Did you mean 'branch'?",
                "6: 'within' is a time such as 30s, 5m, 4h or 7d.",
                "7: The route has no 'when'.",
                "7: Route 'one': A route before this one is named 'one' too; each needs a name of its own.",
                "8: 'whn' is not known in a route. Did you mean 'when'?",
                "12: 'ci*' is no source's name; name each source that the route is for.",
                "13: Strangers can write 'title'. If they may choose who gets their events, add 'untrusted: true' to the route.",
                "14: 'fork' is true or false, not 'maybe'.",
                "15: '>= many' is no comparison; write one such as '>= 3'.",
                "16: The condition 'branch' is a text; quote it if it has signs in it.",
                "17: 'to' names one session, { session: owner/name }, or one repository, { repository: owner/name }.",
                "18: A value of 'notify' is a text; quote it if it has signs in it.",
                "20: Route 'four': The route does not say whose events it is for; add 'source: NAME' to its 'when'.",
                "22: 'also' is true or false.",
                "23: The route has no 'name'.",
                "23: The route has no 'when'.",
                "23: 'a b' is no session's name; write owner/name.",
                "24: A route has the keys name, when and to.",
                "26: '$.workflow_run.event' is read from the payload, where strangers may have written it. If they may choose who gets their events, add 'untrusted: true' to the route.",
                "26: '$.a[*]' is no path into the payload; write names and places such as $.workflow_run.event or $.alerts[0].status, 16 steps and 200 characters at the most.",
                "28: 'afer' is not known in 'escalate'. Did you mean 'after'?",
                "28: 'escalate' has no 'after'; a form is { after: 10m, session: owner/name }.",
                "28: 'a b' is no session's name; write owner/name.",
                "32: 'after' is a time such as 30s, 5m, 4h or 7d.",
                "33: Route 'six': 'telegram' is no account; write telegram:NUMBER or discord:NUMBER, as `cluster identities` shows them.",
                "36: The repository is a text; quote it if it has signs in it.",
                "40: 'repository' is not known in 'otherwise'. Known are: session, queue.",
            ],
            faults);
    }

    [Fact]
    public void Nothing_that_is_wrong_with_a_route_hides_what_else_is()
    {
        var faults = Read("""
            routes:
              - name: One
                when:
                  source: [ci, "a b", "c*"]
                  branch: [main, ">= many"]
                to: api
                playbok: Look.
                fold: { by: [repositry, head_sha], within: soon, at_most: 2h }
                quiet: { from: late, to: "07:00", zone: Europe/Atlantis, then: wait }
                escalate: { after: 2d, sesion: triage }
                notify: [telegram, "discord:1"]
              - name: two
                when: { source: "c*" }
                to: { session: api }
                fold: { within: 0, at_most: long }
                escalate: { after: 1s }
            """);

        Assert.Equal(
            [
                "2: Route 'One': A route's name is 1 to 63 characters of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit; 'One' is not.",
                "4: 'a b' is no source's name; name each source that the route is for.",
                "4: 'c*' is no source's name; name each source that the route is for.",
                "5: '>= many' is no comparison; write one such as '>= 3'.",
                "6: 'to' names one session, { session: owner/name }, or one repository, { repository: owner/name }.",
                "7: 'playbok' is not known in a route. Did you mean 'playbook'?",
                "8: 'within' is a time such as 30s, 5m, 4h or 7d.",
                "8: Route 'One': No event has a field 'repositry'. Did you mean 'repository'?",
                "8: Route 'One': A fold is open 'within' 1s or more, and 'at_most' as long as that or longer, 1h at the most.",
                "9: 'then' is queue (it waits for the end of the quiet hours) or filter (it is recorded and wakes nobody).",
                "9: 'from' is a time of day in quotes, from \"00:00\" to \"23:59\".",
                "9: Route 'One': The node knows no time zone 'Europe/Atlantis'; write one such as Europe/Berlin or UTC.",
                "10: 'sesion' is not known in 'escalate'. Did you mean 'session'?",
                "10: Route 'One': 'escalate' comes 'after' 1m to 1d.",
                "11: Route 'One': 'telegram' is no account; write telegram:NUMBER or discord:NUMBER, as `cluster identities` shows them.",
                "13: 'c*' is no source's name; name each source that the route is for.",
                "15: 'fold' has no 'by'; a form is { by: [repository, head_sha], within: 30s }.",
                "15: 'at_most' is a time such as 30s, 5m, 4h or 7d.",
                "15: Route 'two': A fold is open 'within' 1s or more, and 'at_most' as long as that or longer, 1h at the most.",
                "16: Route 'two': 'escalate' comes 'after' 1m to 1d.",
                "16: Route 'two': 'escalate' names who comes next: session, notify or both.",
            ],
            faults);
    }

    [Fact]
    public void What_concerns_a_whole_route_is_told_with_its_line()
    {
        var faults = Read($$"""
            routes:
              - { name: one, when: { source: ci }, to: { session: api } }
              - { name: one, when: { branch: main }, to: { session: api } }
              - { name: Two, when: { source: ci }, to: { session: api }, playbook: "{{new string('x', 4_001)}}" }
              - { name: three, when: { source: ci }, to: { repository: "acme/*" } }
              - { name: four, when: { source: ci }, to: { repository: api } }
              - { name: five, when: { source: ci }, to: { repository: "https://github.com/acme/api" } }
            """);

        Assert.Equal(
            [
                "3: Route 'one': A route before this one is named 'one' too; each needs a name of its own.",
                "3: Route 'one': The route does not say whose events it is for; add 'source: NAME' to its 'when'.",
                "4: Route 'Two': A route's name is 1 to 63 characters of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit; 'Two' is not.",
                "4: Route 'Two': The playbook has 4,001 characters; 4,000 are the most.",
                "5: Route 'three': 'acme/*' is no repository; write owner/name as its platform does, or '*' for the one that the event is about.",
                "6: Route 'four': 'api' is no repository; write owner/name as its platform does, or '*' for the one that the event is about.",
                "7: Route 'five': 'https://github.com/acme/api' is no repository; write owner/name as its platform does, or '*' for the one that the event is about.",
            ],
            faults);
    }

    [Theory]
    [InlineData("otherwise: { queue: 30s }", "Route 'one': 'queue' is a time of 1m to 7d.")]
    [InlineData("otherwise: { queue: 8d }", "Route 'one': 'queue' is a time of 1m to 7d.")]
    [InlineData("otherwise: { queue: long }", "'queue' is a time such as 30s, 5m, 4h or 7d.")]
    [InlineData("fold: 30s", "'fold' has a form such as { by: [repository, head_sha], within: 30s }.")]
    [InlineData("fold: { within: 30s }", "'fold' has no 'by'; a form is { by: [repository, head_sha], within: 30s }.")]
    [InlineData("fold: { by: repository, within: 30s, atmost: 5m }", "'atmost' is not known in 'fold'. Did you mean 'at_most'?")]
    [InlineData("fold: { by: title, within: 30s }", "Route 'one': Strangers can write 'title', so they could hide an event in a fold; name fields that the platform makes, such as repository or head_sha.")]
    [InlineData("fold: { by: repo, within: 30s }", "Route 'one': No event has a field 'repo'.")]
    [InlineData("fold: { by: [], within: 30s }", "Route 'one': 'fold' is by 1 to 5 fields.")]
    [InlineData("fold: { by: repository, within: 0 }", "Route 'one': A fold is open 'within' 1s or more, and 'at_most' as long as that or longer, 1h at the most.")]
    [InlineData("fold: { by: repository, within: 5m, at_most: 1m }", "Route 'one': A fold is open")]
    [InlineData("fold: { by: repository, within: 5m, at_most: 2h }", "Route 'one': A fold is open")]
    [InlineData("priority: high", "'priority' is urgent or normal.")]
    [InlineData("quiet: { from: \"22:00\", to: \"07:00\" }", "'quiet' has no 'zone'; a form is")]
    [InlineData("quiet: { from: \"22:00\", to: \"24:00\", zone: UTC }", "'to' is a time of day in quotes, from \"00:00\" to \"23:59\".")]
    [InlineData("quiet: { from: \"22:00\", to: \"22:00\", zone: UTC }", "Route 'one': 'quiet' begins and ends at the same time; to have no events, leave the route out.")]
    [InlineData("quiet: { from: \"22:00\", to: \"07:00\", zone: Europe/Atlantis }", "Route 'one': The node knows no time zone 'Europe/Atlantis'; write one such as Europe/Berlin or UTC.")]
    [InlineData("quiet: { from: \"22:00\", to: \"07:00\", zone: UTC, then: wait }", "'then' is queue (it waits for the end of the quiet hours) or filter (it is recorded and wakes nobody).")]
    public void What_keeps_an_event_back_is_checked(string part, string expected) => Assert.StartsWith(
        expected, Assert.Single(RoutesYaml.Read($"routes:\n  - name: one\n    when: {{ source: ci }}\n    to: {{ session: api }}\n    {part}\n", "alice").Faults).Text);

    [Fact]
    public void A_fold_is_open_ten_times_as_long_as_it_waits_for_the_next_event_unless_it_says_so()
    {
        var file = RoutesYaml.Read("routes: [{ name: one, when: { source: ci }, to: { session: api }, fold: { by: repository, within: 30s } }]", "alice");

        Assert.Equal("repository within 30s, at most 5m", $"{Assert.Single(file.Routes).Fold}");
    }

    [Theory]
    [InlineData("notify: telegram", "'telegram' is no account; write telegram:NUMBER or discord:NUMBER")]
    [InlineData("notify: [\"telegram:01\"]", "'telegram:01' is no account")]
    [InlineData("notify: [\"console:alice\"]", "'console:alice' is no account")]
    [InlineData("escalate: { after: 30s, session: triage }", "'escalate' comes 'after' 1m to 1d.")]
    [InlineData("escalate: { after: 2d, session: triage }", "'escalate' comes 'after' 1m to 1d.")]
    [InlineData("escalate: { after: 5m }", "'escalate' names who comes next: session, notify or both.")]
    [InlineData("escalate: { after: 5m, session: api }", "'escalate' names alice/api, which has the event already; name another session.")]
    [InlineData("escalate: { after: 5m, notify: [\"discord:x\"] }", "'discord:x' is no account")]
    public void Who_is_told_and_who_comes_next_is_checked(string line, string expected) =>
        Assert.Contains(expected, Assert.Single(Read($"routes:\n  - name: one\n    when: {{ source: ci }}\n    to: {{ session: api }}\n    {line}")));

    [Theory]
    [InlineData("", "1: The file is empty")]
    [InlineData("routes", "1: A file of routes begins with 'routes:'.")]
    [InlineData("other: 1", "1: The file has no list 'routes:'.")]
    [InlineData("routes: 5", "1: 'routes' is a list")]
    [InlineData("routes:\n  - name: a\n    name: b", "3: This is not YAML: Duplicate key")]
    [InlineData("routes:\n  - [", "3: This is not YAML")]
    [InlineData("routes:\n  - { when: { run_attempt: >= 3 } }", "2: This is not YAML")]
    [InlineData("routes: &a\n  - *a", "1: Anchors and aliases")]
    [InlineData("routes:\n  - name: one\n    when: { source: ci\n    to: { session: api }", "3: This is not YAML: near this line a brace")]
    [InlineData("routes:\n  - name: one\n    notify: [telegram:1\n    to: { session: api }", "3: This is not YAML")]
    [InlineData("routes:\n  - : one", "3: This is not YAML")]
    [InlineData("routes:\n  - name: !!str[ b", "2: This is not YAML")]
    [InlineData("routes: []\n---\nroutes: []", "1: The file has several documents")]
    public void A_file_that_is_none_is_refused_in_words(string text, string expected) =>
        Assert.Contains(Read(text), fault => fault.StartsWith(expected, StringComparison.Ordinal));

    [Fact]
    public void Nesting_without_an_end_is_refused_before_it_is_built_up()
    {
        Assert.Contains("nested too deeply", Assert.Single(Read("routes: " + new string('[', 200_000))));
        Assert.NotEmpty(Read("routes: " + string.Concat(Enumerable.Repeat("{a: ", 100_000))));
        Assert.NotEmpty(Read(string.Concat(Enumerable.Repeat("- ", 100_000))));
    }

    [Fact]
    public void Strangers_may_choose_only_where_the_operator_says_so()
    {
        var file = RoutesYaml.Read("routes: [{ name: one, when: { source: ci, title: 'fix*' }, to: { session: api }, untrusted: true }]", "alice");

        Assert.Empty(file.Faults);
        Assert.True(Assert.Single(file.Routes).Untrusted);
    }

    [Fact]
    public void What_is_written_reads_as_the_same()
    {
        string[] playbooks = ["One line.", "Two\nlines.", "# no comment\n\n  indented: \"quoted\"\ttab", "", " begins with a space", "\nbegins with a line", "ends: {[&*!|>%@`", "tiếng Việt 😀\u0085\u2028x", "a\n   \nb", "null"];
        string?[] repositories = [null, "acme/api", "*", "github.com/acme/api", "group/sub/api", "1/2", null, "true/null", "a.b/c-d_e", null];
        var routes = playbooks.Select((playbook, i) => new Route
        {
            Name = $"r{i}",
            When =
            [
                new RouteCondition { Field = "source", Values = ["ci", "alerts"] },
                new RouteCondition { Field = "branch", Values = ["release-*", ">= 3", "null", "a: b # c", "\"\\"] },
                new RouteCondition { Field = "$.a-b[0].c", Values = ["x"] },
            ],
            To = repositories[i] is null ? "alice/api" : null,
            Repository = repositories[i],
            Untrusted = true,
            Notify = i % 2 == 0 ? [] : ["telegram:184", "discord:5"],
            Escalate = (i % 3) switch
            {
                0 => null,
                1 => new RouteEscalation { After = TimeSpan.FromMinutes(90), To = "alice/triage" },
                _ => new RouteEscalation { After = TimeSpan.FromDays(1), To = i % 2 == 0 ? "alice/triage" : null, Notify = ["telegram:184"] },
            },
            Otherwise = i % 2 == 0 ? "alice/web" : null,
            Queue = i % 4 == 1 ? TimeSpan.FromMinutes(i + 89) : null,
            Fold = i % 3 == 1 ? new RouteFold { By = ["repository", "head_sha"], Within = TimeSpan.FromSeconds(30 + i), AtMost = TimeSpan.FromMinutes(5) } : null,
            Urgent = i % 2 == 1,
            Quiet = i % 3 == 2 ? new RouteQuiet { From = new(22, 0), To = new(7, i), Zone = "Europe/Berlin", Filter = i % 2 == 0 } : null,
            Playbook = playbook,
            Also = i % 3 == 0,
        }).ToList();

        var file = RoutesYaml.Read(RoutesYamlWriter.Write(routes), "alice");

        Assert.Empty(file.Faults);
        Assert.Equal(routes.Select(route => route.Playbook), file.Routes.Select(route => route.Playbook));
        Assert.Equal(repositories, file.Routes.Select(route => route.Repository));
        Assert.All(routes.Zip(file.Routes), pair => Assert.Empty(pair.First.Differences(pair.Second)));
        Assert.Empty(RoutesYaml.Read(RoutesYamlWriter.Write([]), "alice").Faults);
    }

    [Fact]
    public void The_readmes_example_is_a_file_of_routes()
    {
        var readme = File.ReadAllText(Path.Combine(Root(), "README.md"));
        var start = readme.IndexOf("```yaml\nroutes:", StringComparison.Ordinal) + "```yaml\n".Length;

        var file = RoutesYaml.Read(readme[start..readme.IndexOf("```", start, StringComparison.Ordinal)], "alice");

        Assert.Empty(file.Faults);
        Assert.Equal(["red-main", "severe", "release-branches"], file.Routes.Select(route => route.Name));
        Assert.Equal(("alice/api", "alice/triage"), (file.Routes[0].To, file.Routes[0].Otherwise));
    }

    [Fact]
    public void The_schema_knows_the_same_keys_and_fields()
    {
        var route = JsonNode.Parse(File.ReadAllText(Path.Combine(Root(), "deploy", "routes.schema.json")))!["properties"]!["routes"]!["items"]!["properties"]!.AsObject();

        Assert.Equal(["name", "when", "to", "otherwise", "playbook", "fold", "priority", "notify", "quiet", "escalate", "also", "untrusted"], route.Select(pair => pair.Key));
        Assert.Equal(
            RouteFields.Normalized.Concat(RouteFields.Trusted).Concat(RouteFields.Untrusted).Order(),
            route["when"]!["properties"]!.AsObject().Select(pair => pair.Key).Order());
    }

    [Fact]
    public void A_condition_on_what_strangers_may_write_is_refused_with_its_line()
    {
        var faults = Read("""
            routes:
              - name: one
                when:
                  source: ci
                  generator_url: "http://*"
                  sender: octocat
                  app: github-actions
                  package: left-pad
                to: { session: api }
                fold: { by: [sender], within: 30s }
            """);

        Assert.Equal(
            [
                "5: Strangers can write 'generator_url'. If they may choose who gets their events, add 'untrusted: true' to the route.",
                "6: Strangers can write 'sender'. If they may choose who gets their events, add 'untrusted: true' to the route.",
                "7: Strangers can write 'app'. If they may choose who gets their events, add 'untrusted: true' to the route.",
                "8: Strangers can write 'package'. If they may choose who gets their events, add 'untrusted: true' to the route.",
                "10: Route 'one': Strangers can write 'sender', so they could hide an event in a fold; name fields that the platform makes, such as repository or head_sha.",
            ],
            faults);
    }

    private static IReadOnlyList<string> Read(string yaml) => [.. RoutesYaml.Read(yaml, "alice").Faults.Select(fault => $"{fault.Line}: {fault.Text}")];

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(here, "..", "..", "..", ".."));
}
