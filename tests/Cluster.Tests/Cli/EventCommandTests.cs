namespace Cluster.Tests.Cli;

public sealed class EventCommandTests : IDisposable
{
    private readonly TemporaryHome _home = new();

    [Fact]
    public async Task Show_tells_what_is_stored_and_claims_nothing_else()
    {
        await using var node = await StartAsync();
        node.Api["GET /api/events/42"] = context => FakeNode.JsonAsync(context, 200, """
            {"id":"42","kind":"webhook","name":"github.check_run","sender":"source:ci","chatId":"source:ci","trust":"system","at":"2026-01-01T12:00:00Z",
             "verified":"HMAC-SHA256 of the body in X-Hub-Signature-256, with the present secret …3f9c","replayOf":"7","replays":["50"],"duplicates":1,
             "deliveries":[{"session":"alice/api","state":"answered","queuedAt":"2026-01-01T12:00:00Z","expiresAt":"2026-01-08T12:00:00Z","attempts":2,
               "sentAt":"2026-01-01T12:00:01Z","batch":"3.1","receivedAt":"2026-01-01T12:00:02Z","answeredAt":"2026-01-01T12:00:03Z",
               "answers":[{"id":"43","at":"2026-01-01T12:00:03Z","refused":"blocked\u001b[31m"}],"shown":[{"messageId":"9","shown":"answered"}]}],
             "history":[{"at":"2026-01-01T12:00:00Z","note":"replay of 7 by console:alice"}]}
            """);

        var ran = await ClusterProcess.RunAsync(_home, "events", "show", "42");
        var json = await ClusterProcess.RunAsync(_home, "events", "show", "42", "--json");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Contains("webhook github.check_run from source:ci", ran.Output);
        Assert.Contains("proved by HMAC-SHA256 of the body in X-Hub-Signature-256, with the present secret …3f9c", ran.Output);
        Assert.Contains("a replay of event 7", ran.Output);
        Assert.Contains("sent in batch 3.1, for the 2nd time", ran.Output);
        Assert.Contains("answered; by what was not kept", ran.Output);
        Assert.Contains("message 43 answers it; its platform did not take it: blocked[31m", ran.Output);
        Assert.Contains("its message 9 in the chat shows: answered", ran.Output);
        Assert.Contains("It came 1 more time and was dropped", ran.Output);
        Assert.Contains("Replayed as 50.", ran.Output);
        Assert.StartsWith("{\"id\":\"42\"", json.Output);
    }

    [Theory]
    [InlineData("held", null, "To alice/api: kept back for now", "will be let go, or later if more of its fold comes")]
    [InlineData("folded", "into 123", "To alice/api: goes with others in 123", "kept back", "The message that it goes with: reached Claude Code")]
    [InlineData("healed", "by 130", "To alice/api: needless: healed by 130 before it was told", "kept back")]
    public async Task Show_tells_what_was_kept_back_and_what_became_of_it(string state, string? reason, params string[] expected)
    {
        await using var node = await StartAsync();
        node.Api["GET /api/events/42"] = context => FakeNode.JsonAsync(context, 200, $$"""
            {"id":"42","kind":"webhook","name":"github.check_run","sender":"source:ci","chatId":"source:ci","trust":"system","at":"2026-01-01T12:00:00Z",
             "replays":[],"duplicates":0,"history":[],
             "deliveries":[{"session":"alice/api","state":"{{state}}",{{(reason is null ? "" : $"\"reason\":\"{reason}\",")}}"foldedState":"received","heldUntil":"2026-01-01T12:00:30Z",
               "queuedAt":"2026-01-01T12:00:00Z","expiresAt":"2026-01-08T12:00:00Z","attempts":0,"answers":[],"shown":[]}]}
            """);

        var ran = await ClusterProcess.RunAsync(_home, "events", "show", "42");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.All(expected, text => Assert.Contains(text, ran.Output));
        Assert.DoesNotContain("queued", ran.Output);
    }

    [Fact]
    public async Task Replay_names_the_new_event()
    {
        await using var node = await StartAsync();
        var asked = Answers(node, "POST /api/events/42/replay", """{"eventId":"57","replayOf":"42","session":"alice/web"}""");

        var ran = await ClusterProcess.RunAsync(_home, "events", "replay", "42", "--to", "web");

        Assert.Equal("Event 42 is replayed as event 57 to alice/web.", ran.Output.Trim());
        Assert.Equal("""{"to":"me/web"}""", asked[0]);
    }

    [Fact]
    public async Task Redrive_shows_the_number_first_and_acts_only_when_told_so()
    {
        await using var node = await StartAsync();
        var asked = Answers(node, "POST /api/sessions/me/api/redrive", """{"found":3,"more":false,"replayed":[],"refused":[]}""");

        var counted = await ClusterProcess.RunAsync(_home, "events", "redrive", "--session", "api", "--state", "dead", "--since", "24h");
        Answers(node, "POST /api/sessions/me/api/redrive", """
            {"found":2,"more":true,"replayed":[{"eventId":"9","replayOf":"1","session":"alice/api"}],"refused":[{"eventId":"2","why":"console:bob may not talk."}]}
            """, asked);
        var done = await ClusterProcess.RunAsync(_home, "events", "redrive", "--session", "api", "--state", "dead", "--yes");

        Assert.Equal("3 dead events would be replayed. To do it, run this again with --yes.", counted.Output.Trim());
        Assert.Equal("""{"state":"dead","sinceHours":24,"go":false}""", asked[0]);
        Assert.Equal("""{"state":"dead","go":true}""", asked[1]);
        Assert.Contains("1 replayed, 1 not.", done.Output);
        Assert.Contains("console:bob may not talk.", done.Output);
        Assert.Contains("For the rest, run this again.", done.Output);
    }

    [Fact]
    public async Task The_list_takes_a_state()
    {
        await using var node = await StartAsync();
        var query = "";
        node.Api["GET /api/events"] = context =>
        {
            query = context.Request.QueryString.Value!;
            return FakeNode.JsonAsync(context, 200, "[]");
        };

        var ran = await ClusterProcess.RunAsync(_home, "events", "--session", "api", "--state", "dead");

        Assert.Equal("No events.", ran.Output.Trim());
        Assert.Equal("?session=me%2Fapi&state=dead&limit=50", query);
    }

    [Theory]
    [InlineData("events", "--state", "lost")]
    [InlineData("events", "show", "x")]
    [InlineData("events", "redrive", "--session", "api", "--state", "received")]
    [InlineData("events", "redrive", "--session", "api", "--state", "dead", "--since", "soon")]
    public async Task Wrong_arguments_get_one_line(params string[] arguments)
    {
        await using var node = await StartAsync();

        var ran = await ClusterProcess.RunAsync(_home, arguments);

        Assert.NotEqual(0, ran.ExitCode);
        Assert.StartsWith("cluster: ", ran.OneErrorLine);
    }

    public void Dispose() => _home.Dispose();

    private async Task<FakeNode> StartAsync()
    {
        var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        return node;
    }

    private static List<string> Answers(FakeNode node, string call, string answer, List<string>? asked = null)
    {
        asked ??= [];
        node.Api[call] = async context =>
        {
            asked.Add(await new StreamReader(context.Request.Body).ReadToEndAsync());
            await FakeNode.JsonAsync(context, 200, answer);
        };
        return asked;
    }
}
