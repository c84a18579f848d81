using System.Text.Json;

namespace Cluster.Tests.Cli;

public sealed class SourceCommandTests : IDisposable
{
    private const string Url = "https://cluster.example.com/hooks/0123456789abcdef0123456789abcdef";

    private readonly TemporaryHome _home = new();

    [Fact]
    public async Task Adding_a_source_prints_the_steps_at_its_sender_and_the_secret_once()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        var asked = Answers(node, "POST /api/sources", $$$"""{"name":"alerts","kind":"grafana","url":"{{{Url}}}","secret":"5ec5e7","settings":{"mode":"body"}}""");

        var ran = await ClusterProcess.RunAsync(_home, "source", "add", "grafana", "alerts", "--session", "api", "--mode", "body");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Contains(""" "kind":"grafana" """.Trim(), asked[0]);
        Assert.Contains("""{"mode":"body"}""", asked[0]);
        Assert.Contains(Url, ran.Output);
        Assert.Equal(2, ran.Output.Split("5ec5e7").Length);
        Assert.Contains("Timestamp Header  leave it empty", ran.Output);
    }

    [Fact]
    public async Task Where_the_sender_makes_the_secret_it_is_said_how_to_bring_it()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        Answers(node, "POST /api/sources", $$"""{"name":"duty","kind":"pagerduty","url":"{{Url}}","secret":"5ec5e7"}""");

        var ran = await ClusterProcess.RunAsync(_home, "source", "add", "pagerduty", "duty", "--session", "api");

        Assert.Contains("It takes nothing until you have given it the sender's secret.", ran.Output);
        Assert.Contains("cluster source rotate duty --secret-file FILE --keep-old 0", ran.Output);
        Assert.DoesNotContain("5ec5e7", ran.Output);
    }

    [Fact]
    public async Task People_are_listed_accept_and_leave_by_commands_that_say_what_comes_next()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        Answers(node, "PUT /api/sources/ci/owners/bob", "{}");
        Answers(node, "DELETE /api/sources/ci/owners/bob", "{}");
        Answers(node, "POST /api/sources/ci/accept", "{}");
        Answers(node, "POST /api/sources/ci/leave", "{}");
        Answers(node, "GET /api/sources", """
            [{"name":"ci","kind":"github","owner":"alice","session":"alice/api","playbook":"","createdAt":"2026-03-01T12:00:00Z",
              "owners":[{"principal":"bob","invitedAt":"2026-03-01T12:00:00Z"}]}]
            """);
        Answers(node, "GET /api/sources/listed", """
            [{"source":"theirs","kind":"gitlab","owner":"carol","invitedAt":"2026-03-01T12:00:00Z"}]
            """);

        var add = await ClusterProcess.RunAsync(_home, "source", "owners", "ci", "--add", "bob");
        var remove = await ClusterProcess.RunAsync(_home, "source", "owners", "ci", "--remove", "bob");
        var both = await ClusterProcess.RunAsync(_home, "source", "owners", "ci", "--remove", "bob", "--add", "bob");
        var show = await ClusterProcess.RunAsync(_home, "source", "owners", "ci");
        var accept = await ClusterProcess.RunAsync(_home, "source", "accept", "ci");
        var leave = await ClusterProcess.RunAsync(_home, "source", "leave", "ci");
        var list = await ClusterProcess.RunAsync(_home, "source", "list");

        Assert.Equal((0, ""), (add.ExitCode, add.Error));
        Assert.Contains("counts after saying: cluster source accept ci", add.Output);
        Assert.Contains("reach none of their sessions any more", remove.Output);
        Assert.Contains("Give --add or --remove, not both.", both.Error);
        Assert.Contains("not yet", show.Output);
        Assert.Contains("its owner sees which of them work on their repository", accept.Output);
        Assert.Contains("You left ci", leave.Output);
        Assert.Contains("bob (not accepted)", list.Output);
        Assert.Contains("carol lists you on theirs (gitlab). To get its events: cluster source accept theirs", list.Output);
    }

    [Fact]
    public async Task A_generic_source_is_told_where_its_fields_stand()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        var asked = Answers(node, "POST /api/sources", $$"""{"name":"deploys","kind":"generic","url":"{{Url}}","secret":"5ec5e7"}""");

        var ran = await ClusterProcess.RunAsync(_home, "source", "add", "generic", "deploys", "--session", "api", "--id", "/event/id", "--title", "/title");
        var wrong = await ClusterProcess.RunAsync(_home, "source", "add", "github", "ci", "--session", "api", "--id", "/id");

        Assert.Equal(0, ran.ExitCode);
        Assert.Contains("""{"id":"/event/id","title":"/title"}""", asked[0]);
        Assert.NotEqual(0, wrong.ExitCode);
    }

    [Theory]
    [InlineData("30m", 0.5)]
    [InlineData("24h", 24)]
    [InlineData("7d", 168)]
    [InlineData("0", 0)]
    public async Task Rotating_brings_the_senders_secret_and_says_how_long_the_old_one_is_good(string keep, double hours)
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        var file = _home.Write("secret", "the-senders-own-secret\n");
        var until = hours > 0 ? ",\"oldUntil\":\"2026-01-01T00:00:00Z\"" : "";
        var asked = Answers(node, "POST /api/sources/duty/secret", $$"""{"name":"duty","kind":"pagerduty","url":"{{Url}}"{{until}}}""");

        var ran = await ClusterProcess.RunAsync(_home, "source", "rotate", "duty", "--keep-old", keep, "--secret-file", file);

        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        using var body = JsonDocument.Parse(asked[0]);
        Assert.Equal(hours, body.RootElement.GetProperty("keepOldHours").GetDouble());
        Assert.Equal("the-senders-own-secret", body.RootElement.GetProperty("secret").GetString());
        Assert.DoesNotContain("the-senders-own-secret", ran.Output);
        Assert.Contains(hours > 0 ? "is good until" : "No other one is good any more.", ran.Output);
    }

    [Fact]
    public async Task A_time_that_is_none_and_a_secret_that_is_not_there_get_one_line()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");

        var time = await ClusterProcess.RunAsync(_home, "source", "rotate", "duty", "--keep-old", "soon");
        var file = await ClusterProcess.RunAsync(_home, "source", "rotate", "duty", "--secret-file", "/nowhere/secret");

        Assert.Equal((1, 1), (time.ExitCode, file.ExitCode));
        Assert.Contains("'soon' is no time", time.OneErrorLine);
        Assert.Contains("/nowhere/secret cannot be read", file.OneErrorLine);
    }

    [Fact]
    public async Task A_test_shows_each_step_and_fails_when_the_event_did_not_enter()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        Answers(node, "POST /api/sources/ci/test", """{"ok":false,"steps":["A sample of github.","It answered 401."]}""");

        var ran = await ClusterProcess.RunAsync(_home, "source", "test", "ci");

        Assert.Equal((1, "A sample of github.\nIt answered 401."), (ran.ExitCode, ran.Output.ReplaceLineEndings("\n").Trim()));
        Assert.Contains("did not come through", ran.OneErrorLine);
    }

    [Fact]
    public async Task The_list_shows_kinds_and_which_old_secret_is_still_used()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        Answers(node, "GET /api/sources/listed", "[]");
        node.Api["GET /api/sources"] = context => FakeNode.JsonAsync(context, 200, """
            [{"name":"duty","kind":"pagerduty","owner":"alice","session":"alice/api","playbook":"","createdAt":"2026-01-01T00:00:00Z",
              "secrets":[{"end":"3f9c"},{"end":"a1b2","until":"2026-01-02T00:00:00Z","usedAt":"2026-01-01T12:00:00Z"}]}]
            """);

        var ran = await ClusterProcess.RunAsync(_home, "source", "list");

        Assert.Contains("pagerduty", ran.Output);
        Assert.Matches("…3f9c, old …a1b2 until 2026-01-0[12] .* \\(still used 2026-01-01 ", ran.Output);
    }

    [Fact]
    public async Task The_list_shows_which_source_waits_for_its_senders_secret()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        Answers(node, "GET /api/sources/listed", "[]");
        node.Api["GET /api/sources"] = context => FakeNode.JsonAsync(context, 200, """
            [{"name":"duty","kind":"pagerduty","owner":"alice","session":"alice/api","playbook":"","createdAt":"2026-01-01T00:00:00Z",
              "settings":{"awaitsSecret":true},"secrets":[{"end":"3f9c"}]}]
            """);

        var ran = await ClusterProcess.RunAsync(_home, "source", "list");

        Assert.Contains("waits for the sender's", ran.Output);
        Assert.DoesNotContain("3f9c", ran.Output);
    }

    [Fact]
    public async Task Authors_are_given_by_id_and_the_list_says_whom_a_source_is_open_to()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        var added = Answers(node, "POST /api/sources", $$"""{"name":"ci","kind":"github","url":"{{Url}}","secret":"5ec5e7"}""");
        var changed = Answers(node, "POST /api/sources/ci/authors", """{"authors":["12","184"]}""");
        var opened = Answers(node, "POST /api/sources/ci/payload", """{"payload":true}""");
        node.Api["GET /api/sources"] = context => FakeNode.JsonAsync(context, 200, """
            [{"name":"ci","kind":"github","owner":"alice","session":"alice/api","playbook":"","createdAt":"2026-01-01T00:00:00Z",
              "settings":{"authors":["12","184"],"payload":true},"secrets":[{"end":"3f9c"}]}]
            """);

        var add = await ClusterProcess.RunAsync(_home, "source", "add", "github", "ci", "--session", "api", "--author", "184", "--author", "12", "--payload");
        var authors = await ClusterProcess.RunAsync(_home, "source", "authors", "ci", "--add", "12", "--remove", "7");
        var payload = await ClusterProcess.RunAsync(_home, "source", "payload", "ci", "on");
        var list = await ClusterProcess.RunAsync(_home, "source", "list");

        Assert.Equal((0, 0, 0), (add.ExitCode, authors.ExitCode, payload.ExitCode));
        Assert.Contains("""settings":{"authors":["184","12"],"payload":true}""", added[0]);
        Assert.Equal("""{"add":["12"],"remove":["7"]}""", changed[0]);
        Assert.Equal("""{"open":true}""", opened[0]);
        Assert.Contains("The words of these people count as members': 12, 184.", authors.Output);
        Assert.Contains("though strangers may have written in them", payload.Output);
        Assert.Contains("2 authors; payloads", list.Output);
    }

    [Fact]
    public async Task Where_the_senders_own_addresses_stand_is_said_changed_and_listed()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        var added = Answers(node, "POST /api/sources", $$"""{"name":"alerts","kind":"grafana","url":"{{Url}}","secret":"5ec5e7"}""");
        var changed = Answers(node, "POST /api/sources/alerts/hosts", """{"hosts":["https://grafana.example.com"],"payload":false}""");
        node.Api["GET /api/sources"] = context => FakeNode.JsonAsync(context, 200, """
            [{"name":"alerts","kind":"grafana","owner":"alice","session":"alice/api","playbook":"","createdAt":"2026-01-01T00:00:00Z",
              "settings":{"hosts":["https://grafana.example.com"]},"secrets":[{"end":"3f9c"}]}]
            """);

        var add = await ClusterProcess.RunAsync(_home, "source", "add", "grafana", "alerts", "--session", "api", "--host", "grafana.example.com", "--host", "http://other:3000");
        var hosts = await ClusterProcess.RunAsync(_home, "source", "hosts", "alerts", "--remove", "http://other:3000");
        var none = await ClusterProcess.RunAsync(_home, "source", "add", "cloudevents", "x", "--session", "api", "--host", "events.example.com");
        var list = await ClusterProcess.RunAsync(_home, "source", "list");

        Assert.Equal((0, 0, 1), (add.ExitCode, hosts.ExitCode, none.ExitCode));
        Assert.Contains("""settings":{"hosts":["grafana.example.com","http://other:3000"]""", added[0]);
        Assert.Equal("""{"add":[],"remove":["http://other:3000"]}""", changed[0]);
        Assert.Contains("Trusted are addresses of fixed words and ids on: https://grafana.example.com.", hosts.Output);
        Assert.Contains("addresses on https://grafana.example.com", list.Output);
    }

    [Fact]
    public async Task Catching_up_brings_a_token_that_is_never_shown_and_the_list_says_how_it_goes()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        var file = _home.Write("token", "ghp_0123456789\n");
        var set = Answers(node, "PUT /api/sources/ci/catch-up", "{}");
        var off = Answers(node, "DELETE /api/sources/ci/catch-up", "{}");
        node.Api["GET /api/sources"] = context => FakeNode.JsonAsync(context, 200, """
            [{"name":"ci","kind":"github","owner":"alice","session":"alice/api","playbook":"","createdAt":"2026-01-01T00:00:00Z",
              "catchUp":{"from":"https://api.github.com/repos/acme/api","problem":"GitHub knows no such hook (404).","waiting":3,"givenUp":2,"more":true},"secrets":[{"end":"3f9c"}]}]
            """);

        var ran = await ClusterProcess.RunAsync(_home, "source", "catch-up", "ci", "--token-file", file, "--repository", "acme/api", "--hook", "7");
        var token = await ClusterProcess.RunAsync(_home, "source", "catch-up", "ci", "--token-file", file);
        var hook = await ClusterProcess.RunAsync(_home, "source", "catch-up", "ci", "--hook", "8");
        var list = await ClusterProcess.RunAsync(_home, "source", "list");
        var ended = await ClusterProcess.RunAsync(_home, "source", "catch-up", "ci", "--off");

        Assert.Equal((0, 0, 0, 0), (ran.ExitCode, token.ExitCode, hook.ExitCode, ended.ExitCode));
        Assert.Equal(["""{"repository":"acme/api","hook":7,"token":"ghp_0123456789"}""", """{"token":"ghp_0123456789"}""", """{"hook":8}"""], set);
        Assert.Single(off);
        Assert.DoesNotContain("ghp_0123456789", ran.Output);
        Assert.Contains("GitHub knows no such hook (404).; 3 not come yet; more is waiting; 2 given up", list.Output);
    }

    public void Dispose() => _home.Dispose();

    private static List<string> Answers(FakeNode node, string call, string answer)
    {
        var asked = new List<string>();
        node.Api[call] = async context =>
        {
            asked.Add(await new StreamReader(context.Request.Body).ReadToEndAsync());
            await FakeNode.JsonAsync(context, 200, answer);
        };
        return asked;
    }
}
