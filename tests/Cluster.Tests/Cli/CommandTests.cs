using System.Text.Json;
using Cluster.Core.Api;
using Microsoft.AspNetCore.Http;

namespace Cluster.Tests.Cli;

public sealed class CommandTests : IDisposable
{
    private readonly TemporaryHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Without_a_known_node_one_line_says_what_to_do()
    {
        var ran = await ClusterProcess.RunAsync(_home, "sessions");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("cluster login URL", ran.OneErrorLine);
        Assert.Empty(ran.Output);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("tell", "api")]
    [InlineData("allow", "console:bob", "--session", "api", "--role", "owner")]
    [InlineData("session", "add", "No Name", "--url", "http://127.0.0.1:9", "--token-file", "token")]
    [InlineData("login", "http://127.0.0.1:9/invite")]
    [InlineData("sessions", "--url", "ftp://x")]
    [InlineData("source", "add", "github", "ci", "--session", "a", "--playbook", "x", "--playbook-file", "y")]
    public async Task Wrong_arguments_get_one_line_and_no_trace(params string[] arguments)
    {
        _home.Write("token", "clt_test");

        var ran = await ClusterProcess.RunAsync(_home, arguments);

        Assert.NotEqual(0, ran.ExitCode);
        Assert.StartsWith("cluster: ", ran.OneErrorLine);
        Assert.DoesNotContain("   at ", ran.Error);
    }

    [Fact]
    public async Task A_node_that_is_away_gets_one_line()
    {
        await using var node = await FakeNode.AwayAsync();
        await _home.LogInAsync(node.Url, "clt_test");

        var ran = await ClusterProcess.RunAsync(_home, "sessions");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("nothing answers there", ran.OneErrorLine);
    }

    [Fact]
    public async Task A_refusal_is_the_nodes_own_sentence_on_one_harmless_line()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        node.Api["GET /api/sessions/me/api/access"] = context => FakeNode.JsonAsync(context, 404, """{"detail":"No session\nme/api.\u001b[31m"}""");

        var ran = await ClusterProcess.RunAsync(_home, "access", "api");

        Assert.Equal(1, ran.ExitCode);
        Assert.Equal("cluster: No session me/api.[31m", ran.OneErrorLine);
    }

    [Fact]
    public async Task Login_stores_a_token_that_only_its_owner_can_read()
    {
        await using var node = await FakeNode.StartAsync();
        var sent = System.Threading.Channels.Channel.CreateUnbounded<JsonElement>();
        node.Api["POST /api/login"] = async context =>
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            sent.Writer.TryWrite(body.RootElement.Clone());
            await FakeNode.JsonAsync(context, 200, """{"id":"t9","principal":"bob","token":"clt_bob"}""");
        };
        node.Api["GET /api/principals"] = context => FakeNode.JsonAsync(
            context, context.Request.Headers.Authorization == "Bearer clt_bob" ? 200 : 401, "[]");

        var login = await ClusterProcess.RunAsync(_home, "login", $"{node.Url}/invite#c0de");
        var list = await ClusterProcess.RunAsync(_home, "principal", "list", "--json");

        Assert.Equal((0, ""), (login.ExitCode, login.Error));
        Assert.DoesNotContain("clt_bob", login.Output);
        Assert.Equal("c0de", (await sent.Reader.ReadAsync(TestContext.Current.CancellationToken)).GetProperty("code").GetString());
        Assert.Equal("[]", list.Output.Trim());
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_home.Credentials));
        }
    }

    [Fact]
    public async Task Logout_revokes_the_token_and_forgets_it()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        var revoked = new TaskCompletionSource();
        node.Api["DELETE /api/tokens/t1"] = context =>
        {
            context.Response.StatusCode = 204;
            revoked.SetResult();
            return Task.CompletedTask;
        };

        var ran = await ClusterProcess.RunAsync(_home, "logout");

        Assert.Equal(0, ran.ExitCode);
        Assert.True(revoked.Task.IsCompleted);
        Assert.False(File.Exists(_home.Credentials));
    }

    [Fact]
    public async Task Tell_repeats_the_same_message_until_the_node_is_ready()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        var ids = new List<string>();
        node.Api["POST /api/sessions/me/api/messages"] = async context =>
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            ids.Add(body.RootElement.GetProperty("clientId").GetString()!);
            context.Response.Headers.RetryAfter = "0";
            await (ids.Count == 1
                ? FakeNode.JsonAsync(context, 503, """{"detail":"The engine is away."}""")
                : FakeNode.JsonAsync(context, 202, """{"eventId":"12","duplicate":false}"""));
        };
        node.Api["GET /api/events"] = context => FakeNode.JsonAsync(
            context,
            200,
            """[{"id":"12","session":"alice/api","kind":"chat","name":"","sender":"console:alice","state":"received","at":"2026-01-01T00:00:00Z","attempts":1,"history":[]}]""");

        var ran = await ClusterProcess.RunAsync(_home, "tell", "api", "@all is well?");

        Assert.Equal((0, "Event 12: reached Claude Code."), (ran.ExitCode, ran.Output.Trim()));
        Assert.Equal(2, ids.Count);
        Assert.Single(ids.Distinct());
    }

    [Fact]
    public async Task Allow_names_identity_session_and_role_in_the_path()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        const string Access = """{"session":"alice/api","owner":"alice","version":2,"entries":[{"identity":"console:bob","role":"talk","grantedBy":"console:alice","grantedAt":"2026-01-01T00:00:00Z"}],"sources":[]}""";
        node.Api["PUT /api/sessions/me/api/access/console:bob/talk"] = context => FakeNode.JsonAsync(context, 200, Access);
        node.Api["DELETE /api/sessions/alice/api/access/console:bob/all"] = context => FakeNode.JsonAsync(context, 200, Access);

        var allow = await ClusterProcess.RunAsync(_home, "allow", "console:bob", "--session", "api", "--role", "talk");
        var revoke = await ClusterProcess.RunAsync(_home, "revoke", "console:bob", "--session", "alice/api", "--json");

        Assert.Equal((0, 0), (allow.ExitCode, revoke.ExitCode));
        Assert.Contains("console:bob", allow.Output);
        Assert.Equal(Access, revoke.Output.Trim());
    }

    [Fact]
    public async Task Allow_takes_a_session_as_an_identity_in_one_segment_of_the_path()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        node.Api["PUT /api/sessions/me/api/access/session:bob%2Fweb/talk"] = context => FakeNode.JsonAsync(
            context, 200, """{"session":"alice/api.2","owner":"alice","shares":"alice/api","version":2,"entries":[],"sources":[]}""");

        var allow = await ClusterProcess.RunAsync(_home, "allow", "session:bob/web", "--session", "api", "--role", "talk");

        Assert.Equal((0, ""), (allow.ExitCode, allow.Error));
        Assert.Contains("further terminal of alice/api", allow.Output);
    }

    [Fact]
    public async Task The_doctor_finds_the_broken_link()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        node.Api["GET /healthz"] = context => context.Response.WriteAsync("ok");
        node.Api["GET /readyz"] = context => FakeNode.JsonAsync(context, 200, """{"status":"ready","engine":"sqlite"}""");
        node.Api["GET /api/me"] = context => FakeNode.JsonAsync(context, 200, """{"principal":"alice","admin":false,"nodeVersion":"0.1.0","engine":"sqlite","url":"x"}""");
        node.Api["GET /api/sessions/me/api"] = context => FakeNode.JsonAsync(
            context, 200, """{"id":"alice/api","roles":["owner"],"attached":true,"client":"claude-code 2","attachedAt":"2026-01-01T00:00:00Z","waiting":0,"openPermissions":1}""");
        node.Api["GET /api/events"] = context => FakeNode.JsonAsync(context, 200, "[]");

        var whole = await ClusterProcess.RunAsync(_home, "doctor");
        var deaf = await ClusterProcess.RunAsync(_home, "doctor", "api", "--json");

        Assert.Equal(0, whole.ExitCode);
        Assert.Equal(1, deaf.ExitCode);
        using var checks = JsonDocument.Parse(deaf.Output);
        var broken = Assert.Single(checks.RootElement.EnumerateArray(), check => !check.GetProperty("ok").GetBoolean());
        Assert.Equal("answers", broken.GetProperty("check").GetString());
        Assert.Contains("has never answered yet", broken.GetProperty("detail").GetString());
        Assert.Contains("--dangerously-load-development-channels server:cluster", broken.GetProperty("todo").GetString());
    }

    [Fact]
    public async Task The_doctor_tells_which_source_cannot_ask_for_what_it_missed()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        node.Api["GET /healthz"] = context => context.Response.WriteAsync("ok");
        node.Api["GET /readyz"] = context => FakeNode.JsonAsync(context, 200, """{"status":"ready","engine":"sqlite"}""");
        node.Api["GET /api/me"] = context => FakeNode.JsonAsync(context, 200, """{"principal":"alice","admin":false,"nodeVersion":"0.1.0","engine":"sqlite","url":"x"}""");
        node.Api["GET /api/sources"] = context => FakeNode.JsonAsync(context, 200, """
            [{"name":"ci","kind":"github","owner":"alice","session":"alice/api","playbook":"","createdAt":"2026-01-01T00:00:00Z","secrets":[],
              "catchUp":{"from":"https://api.github.com/repos/acme/api","problem":"GitHub does not accept the token."}},
             {"name":"well","kind":"github","owner":"alice","session":"alice/api","playbook":"","createdAt":"2026-01-01T00:00:00Z","secrets":[],
              "catchUp":{"from":"https://api.github.com/repos/acme/web","askedAt":"2026-01-01T00:00:00Z"}}]
            """);

        var ran = await ClusterProcess.RunAsync(_home, "doctor", "--json");

        using var checks = JsonDocument.Parse(ran.Output);
        var broken = Assert.Single(checks.RootElement.EnumerateArray(), check => !check.GetProperty("ok").GetBoolean());
        Assert.Equal("source ci", broken.GetProperty("check").GetString());
        Assert.Contains("GitHub does not accept the token.", broken.GetProperty("detail").GetString());
        Assert.Contains(checks.RootElement.EnumerateArray(), check => check.GetProperty("check").GetString() == "source well");
    }

    [Fact]
    public async Task The_doctor_says_that_the_node_of_this_machine_has_ended()
    {
        await using var node = await FakeNode.AwayAsync();
        var token = _home.Write("admin-token", "clt_test\n");
        var local = new LocalNode { Url = node.Url, TokenFile = token, ProcessId = int.MaxValue - 1 };
        _home.Write("local.json", JsonSerializer.Serialize(local, ApiJson.Default.LocalNode));

        var ran = await ClusterProcess.RunAsync(_home, "doctor");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("BROKEN node", ran.Output);
        Assert.Contains("has ended; start it again", ran.Output);
    }

    [Fact]
    public async Task The_printed_configuration_is_pure_JSON_and_starts_this_program()
    {
        var stdio = await ClusterProcess.RunAsync(_home, "connect", "--print-config", "--session", "api");
        var http = await ClusterProcess.RunAsync(
            _home, "connect", "--print-config", "--http", "--session", "api", "--url", "http://node:7433", "--token-file", _home.Write("token", "clt_test"));

        using var stdioJson = JsonDocument.Parse(stdio.Output);
        using var httpJson = JsonDocument.Parse(http.Output);
        var entry = stdioJson.RootElement.GetProperty("mcpServers").GetProperty("cluster");
        var headers = httpJson.RootElement.GetProperty("mcpServers").GetProperty("cluster").GetProperty("headers");
        Assert.True(Path.IsPathFullyQualified(entry.GetProperty("command").GetString()!));
        Assert.Equal("connect", entry.GetProperty("args").EnumerateArray().Last().GetString());
        Assert.Equal("${CLUSTER_SESSION:-api}", entry.GetProperty("env").GetProperty("CLUSTER_SESSION").GetString());
        Assert.Equal("${CLUSTER_SESSION:-api}", headers.GetProperty("Cluster-Session").GetString());
        Assert.Equal("Bearer ${CLUSTER_TOKEN}", headers.GetProperty("Authorization").GetString());
        Assert.DoesNotContain("clt_test", http.Output + http.Error);
        Assert.Contains("claude --dangerously-load-development-channels server:cluster", stdio.Error);
    }

    [Fact]
    public async Task A_backup_that_breaks_off_leaves_no_file()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        node.Api["POST /api/backup"] = async context =>
        {
            context.Response.ContentLength = 1_000_000;
            await context.Response.WriteAsync("SQLite format 3");
            await context.Response.Body.FlushAsync();
            context.Abort();
        };

        var ran = await ClusterProcess.RunAsync(_home, "backup", "cluster.backup");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("the connection broke", ran.OneErrorLine);
        Assert.Equal([_home.Credentials], Directory.GetFiles(_home.Path));
    }

    [Fact]
    public async Task A_cluster_that_is_backed_up_otherwise_says_how_and_leaves_no_file()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        node.Api["POST /api/backup"] = context => FakeNode.JsonAsync(context, 409, """{"detail":"Run pg_dump."}""");

        var ran = await ClusterProcess.RunAsync(_home, "backup", "cluster.backup");

        Assert.Equal((1, "cluster: Run pg_dump."), (ran.ExitCode, ran.OneErrorLine));
        Assert.Equal([_home.Credentials], Directory.GetFiles(_home.Path));
    }
}
