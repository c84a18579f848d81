using System.Collections.Concurrent;

namespace Cluster.Tests.Cli;

public sealed class RouteCommandTests : IDisposable
{
    private readonly TemporaryHome _home = new();
    private readonly ConcurrentQueue<string> _asked = new();

    [Fact]
    public async Task Applying_shows_what_changes_and_a_dry_run_ends_there()
    {
        await using var node = await StartAsync("""{"applied":false,"changes":["+ one","- two"],"faults":[]}""", """{"applied":true,"changes":["+ one","- two"],"faults":[]}""");
        var file = _home.Write("routes.yaml", "routes: []");

        var dry = await ClusterProcess.RunAsync(_home, "routes", "apply", file, "--dry-run");
        var applied = await ClusterProcess.RunAsync(_home, "routes", "apply", file);

        Assert.Equal((0, "+ one\n- two\nNothing was changed; this was a dry run."), (dry.ExitCode, dry.Output.ReplaceLineEndings("\n").Trim()));
        Assert.Equal((0, "+ one\n- two\nApplied."), (applied.ExitCode, applied.Output.ReplaceLineEndings("\n").Trim()));
        Assert.Equal(["?dryRun=true routes: []", "?dryRun=true routes: []", " routes: []"], _asked);
    }

    [Fact]
    public async Task Every_fault_has_a_line_of_its_own_and_nothing_is_applied()
    {
        await using var node = await StartAsync(
            """{"applied":false,"changes":[],"faults":[{"line":3,"text":"Strange."},{"line":9,"text":"Stranger."}]}""", "");
        var file = _home.Write("routes.yaml", "routes: []");

        var ran = await ClusterProcess.RunAsync(_home, "routes", "apply", file);

        Assert.Equal(1, ran.ExitCode);
        Assert.Equal($"{file}:3: Strange.\n{file}:9: Stranger.", ran.Output.ReplaceLineEndings("\n").Trim());
        Assert.Contains("The file has 2 faults; nothing was changed.", ran.OneErrorLine);
        Assert.Single(_asked);
    }

    [Fact]
    public async Task The_export_is_the_file_itself()
    {
        await using var node = await StartAsync("", "");
        node.Api["GET /api/routes"] = context => FakeNode.JsonAsync(context, 200, """{"version":1,"routes":[],"yaml":"routes:\n  - name: one\n"}""");

        var ran = await ClusterProcess.RunAsync(_home, "routes", "export");

        Assert.Equal("routes:\n  - name: one\n", ran.Output);
    }

    [Fact]
    public async Task A_test_says_which_route_takes_it_and_why_the_others_do_not()
    {
        await using var node = await StartAsync("", "");
        node.Api["POST /api/routes/test"] = context => FakeNode.JsonAsync(context, 200, """
            {"event":"github.check_run","filterReason":"not a failure","fields":{"type":"check_run"},"targets":[{"route":"two","session":"alice/web"}],
             "routes":[{"route":"one","takes":false,"reason":"branch is dev, not main"},{"route":"two","takes":true,"reason":"every condition is met"}]}
            """);

        var ran = await ClusterProcess.RunAsync(_home, "routes", "test", _home.Write("event.json", "{}"), "--source", "ci", "--event", "check_run");

        Assert.Equal(
            """
            github.check_run
              type: check_run
            does not  one: branch is dev, not main
            takes it  two: every condition is met
            It would go to alice/web, by route two.
            It would be recorded there and wake nobody: not a failure.
            """.ReplaceLineEndings("\n"),
            ran.Output.ReplaceLineEndings("\n").Trim());
    }

    [Fact]
    public async Task A_test_of_an_event_says_when_it_goes_by_its_summary_only()
    {
        await using var node = await StartAsync("", "");
        var asked = "";
        node.Api["POST /api/routes/test"] = async context =>
        {
            asked = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await FakeNode.JsonAsync(context, 200, """{"event":"github.check_run","read":"summary","fields":{},"targets":[],"routes":[]}""");
        };

        var ran = await ClusterProcess.RunAsync(_home, "routes", "test", "42");
        var nameless = await ClusterProcess.RunAsync(_home, "routes", "test", "event.json");

        Assert.Equal("""{"eventId":42}""", asked);
        Assert.Contains("Its payload is not kept, so this is by its summary", ran.Output);
        Assert.Contains("say which source it would come from: --source NAME", nameless.Error);
    }

    [Fact]
    public async Task What_ends_is_told_with_what_changes()
    {
        await using var node = await StartAsync(
            """{"applied":false,"changes":["- old"],"ending":["12 waiting events of source ci for alice/old would end as dead(revoked)."],"faults":[]}""", "");

        var ran = await ClusterProcess.RunAsync(_home, "routes", "apply", _home.Write("routes.yaml", "routes: []"), "--dry-run");

        Assert.Equal(
            "- old\n12 waiting events of source ci for alice/old would end as dead(revoked).\nNothing was changed; this was a dry run.",
            ran.Output.ReplaceLineEndings("\n").Trim());
    }

    public void Dispose() => _home.Dispose();

    private async Task<FakeNode> StartAsync(string dry, string applied)
    {
        var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        node.Api["PUT /api/routes"] = async context =>
        {
            _asked.Enqueue($"{context.Request.QueryString} {await new StreamReader(context.Request.Body).ReadToEndAsync()}");
            await FakeNode.JsonAsync(context, 200, context.Request.QueryString.HasValue ? dry : applied);
        };
        return node;
    }
}
