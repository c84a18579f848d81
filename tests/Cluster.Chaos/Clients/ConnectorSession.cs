using System.Text.Json;
using Cluster.Chaos.History;
using Cluster.Chaos.Nodes;
using Cluster.Testing;

namespace Cluster.Chaos.Clients;

/// <summary>A session behind the real connector: <c>cluster connect</c> as a child process, as Claude Code spawns it.</summary>
internal sealed class ConnectorSession : ScriptedSession
{
    private readonly Relay _relay;
    private readonly string _token;
    private readonly string _home;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private ChildProcess? _process;
    private Task _reading = Task.CompletedTask;
    private volatile bool _ending;

    public ConnectorSession(string name, Balancer balancer, string token, string home, HistoryLog log)
        : base(name, log)
    {
        _relay = new Relay(balancer);
        _token = token;
        _home = home;
    }

    public override ChaosNode? Node => _relay.Streaming;

    public override async Task StartAsync(CancellationToken ct)
    {
        _process = ChildProcess.Start(
            "dotnet",
            [ChaosPrograms.Connector, "connect", "--session", Name],
            new Dictionary<string, string?>
            {
                ["CLUSTER_URL"] = _relay.Url.ToString(),
                ["CLUSTER_TOKEN"] = _token,
                ["CLUSTER_HOME"] = _home,
                ["CLAUDE_PROJECT_DIR"] = null,
            });
        await WriteAsync(Initialize("hello"));
        await _process.LineWithAsync("\"hello\"");
        await WriteAsync(Initialized);
        _reading = Task.Run(ReadAsync, ct);
        while (Node is null)
        {
            await Task.Delay(50, ct);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _ending = true;
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }

        await _reading;
        await _relay.DisposeAsync();
        _writing.Dispose();
    }

    // The connector itself repeats what gets no answer.
    protected override Task CallAsync(string id, string call) => WriteAsync(call);

    private async Task ReadAsync()
    {
        const int Quiet = 24 * 3600; // seconds: a connector without news is no fault
        try
        {
            while (true)
            {
                using var line = JsonDocument.Parse(await _process!.LineAsync(Quiet));
                var message = line.RootElement;
                if (!message.TryGetProperty("method", out var method))
                {
                    TakeAnswer(message);
                }
                else if (method.GetString() == "ping")
                {
                    await WriteAsync(Pong(message));
                }
                else
                {
                    await TakeAsync(message);
                }
            }
        }
        catch (Exception e) when (e is InvalidOperationException or IOException)
        {
            if (!_ending)
            {
                Trouble = $"its connector has ended: {e.Message}";
            }
        }
    }

    private async Task WriteAsync(string line)
    {
        await _writing.WaitAsync();
        try
        {
            await _process!.WriteLineAsync(line);
        }
        finally
        {
            _writing.Release();
        }
    }
}
