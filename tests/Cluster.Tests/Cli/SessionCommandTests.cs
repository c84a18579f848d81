using Microsoft.AspNetCore.Http;

namespace Cluster.Tests.Cli;

public sealed class SessionCommandTests : IDisposable
{
    private readonly TemporaryHome _home = new();
    private string _asked = "";

    [Fact]
    public async Task A_pause_has_a_time_or_none()
    {
        await using var node = await StartAsync();

        var forever = await ClusterProcess.RunAsync(_home, "session", "pause", "api");
        var first = _asked;
        await ClusterProcess.RunAsync(_home, "session", "pause", "alice/api", "--for", "2h");
        var wrong = await ClusterProcess.RunAsync(_home, "session", "pause", "api", "--for", "soon");

        Assert.Equal("Session alice/api is paused; `cluster session resume` ends that. Messages wait; verdicts still go out.", forever.Output.Trim());
        Assert.Equal("/api/sessions/me/api/pause {}", first);
        Assert.Equal("""/api/sessions/alice/api/pause {"seconds":7200}""", _asked);
        Assert.Contains("'soon' is no time", wrong.Error);
    }

    [Fact]
    public async Task Lists_and_the_doctor_say_that_it_is_paused()
    {
        await using var node = await StartAsync();

        var list = await ClusterProcess.RunAsync(_home, "sessions");
        var doctor = await ClusterProcess.RunAsync(_home, "doctor", "api");

        Assert.Contains("claude-code 2.1, paused", list.Output);
        Assert.Contains("its owner has paused it; messages wait", doctor.Output);
        Assert.Contains("cluster session resume alice/api", doctor.Output);
    }

    public void Dispose() => _home.Dispose();

    private async Task<FakeNode> StartAsync()
    {
        const string Session = """{"id":"alice/api","roles":["owner"],"attached":true,"client":"claude-code 2.1","paused":true,"waiting":1,"openPermissions":0}""";
        var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        foreach (var name in new[] { "me/api", "alice/api" })
        {
            node.Api[$"POST /api/sessions/{name}/pause"] = async context =>
            {
                _asked = $"{context.Request.Path} {await new StreamReader(context.Request.Body).ReadToEndAsync()}";
                await FakeNode.JsonAsync(context, 200, Session);
            };
        }

        node.Api["GET /healthz"] = context => context.Response.WriteAsync("ok");
        node.Api["GET /readyz"] = context => FakeNode.JsonAsync(context, 200, """{"status":"ready","engine":"sqlite"}""");
        node.Api["GET /api/me"] = context => FakeNode.JsonAsync(context, 200, """{"principal":"alice","admin":false,"nodeVersion":"0.1.0","engine":"sqlite","url":"x"}""");
        node.Api["GET /api/events"] = context => FakeNode.JsonAsync(context, 200, "[]");
        node.Api["GET /api/sessions"] = context => FakeNode.JsonAsync(context, 200, $"[{Session}]");
        node.Api["GET /api/sessions/me/api"] = context => FakeNode.JsonAsync(context, 200, Session);
        return node;
    }
}
