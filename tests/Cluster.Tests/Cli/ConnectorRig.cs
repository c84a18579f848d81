using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Cluster.Cli.Connect;
using Cluster.Cli.Nodes;

namespace Cluster.Tests.Cli;

/// <summary>A connector in this process, with a test in Claude Code's place.</summary>
internal sealed class ConnectorRig : IAsyncDisposable
{
    public const string InitializeRequest =
        """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{}},"clientInfo":{"name":"claude-code","version":"2.1.330"}}}""";

    public const string InitializedNotification = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    private readonly Pipe _stdin = new();
    private readonly Pipe _stdout = new(new PipeOptions(pauseWriterThreshold: 0));
    private readonly StringWriter _stderr = new();
    private readonly StreamReader _output;
    private readonly Connector _connector;
    private readonly CancellationTokenSource _stop = new();

    public ConnectorRig(Func<string, string?> environment, TimeProvider? clock = null, NamedBy by = NamedBy.Folder, string? folder = null)
    {
        _output = new StreamReader(_stdout.Reader.AsStream(), Encoding.UTF8);
        _connector = new Connector(
            _stdin.Reader.AsStream(),
            _stdout.Writer.AsStream(),
            new Notes(_stderr),
            new NodeLocator(new NodeChoice(), environment),
            folder is null ? new SessionWish("api", by) : SessionWish.Choose(null, name => name == "CLAUDE_PROJECT_DIR" ? folder : environment(name)),
            clock ?? TimeProvider.System);
        Running = _connector.RunAsync(_stop.Token);
    }

    public Task Running { get; }

    public string Notes => _stderr.ToString();

    public static ConnectorRig For(FakeNode node, TimeProvider? clock = null, NamedBy by = NamedBy.Folder) => new(
        name => name switch { "CLUSTER_URL" => node.Url, "CLUSTER_TOKEN" => "clt_test", "CLUSTER_HOME" => Path.GetTempPath(), _ => null }, clock, by);

    /// <summary>In a project folder, with a home of its own.</summary>
    public static ConnectorRig In(FakeNode node, string home, string folder) => new(
        name => name switch { "CLUSTER_URL" => node.Url, "CLUSTER_TOKEN" => "clt_test", "CLUSTER_HOME" => home, _ => null }, folder: folder);

    /// <summary>What Claude Code says at its start.</summary>
    /// <returns>The instructions that it got.</returns>
    public async Task<string> GreetAsync()
    {
        await SendAsync(InitializeRequest);
        var instructions = (await ReadAsync()).GetProperty("result").GetProperty("instructions").GetString()!;
        await SendAsync(InitializedNotification);
        return instructions;
    }

    public async Task SendAsync(string line) => await _stdin.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));

    public async Task SendAsync(byte[] bytes) => await _stdin.Writer.WriteAsync(bytes);

    public Task CallAsync(string id) => SendAsync(
        """{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"reply","arguments":{"chat_id":"c","text":"hello"}}}"""
            .Replace("ID", id, StringComparison.Ordinal));

    public async Task<string> ReadLineAsync() =>
        await _output.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(FakeNode.Patience) ?? throw new EndOfStreamException();

    public async Task<JsonElement> ReadAsync() => JsonElement.Parse(await ReadLineAsync());

    public async Task<IReadOnlyList<JsonElement>> ReadAsync(int count)
    {
        var messages = new List<JsonElement>();
        while (messages.Count < count)
        {
            messages.Add(await ReadAsync());
        }

        return messages;
    }

    public Task CloseStdinAsync() => _stdin.Writer.CompleteAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Running;
        _connector.Dispose();
        _output.Dispose();
        _stop.Dispose();
        await _stderr.DisposeAsync();
    }
}
