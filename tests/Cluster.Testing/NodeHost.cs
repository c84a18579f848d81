using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Cluster.Server.Nodes;
using Cluster.Storage.Engines;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Cluster.Testing;

/// <summary>A real node at a free loopback port, over a scratch data folder of its own: <c>Cluster.Server</c> in this process, or the program that
/// <c>CLUSTER_TEST_NODE</c> names as a process (see <see cref="Programs.Node"/>).</summary>
public sealed partial class NodeHost : IAsyncDisposable
{
    private const string AdminTokenSetting = "--Cluster:AdminToken=";

    private readonly string[] _settings;
    private readonly Action<WebApplicationBuilder>? _adjust;
    private readonly bool _here;
    private readonly TimeSpan _life;
    private ChildProcess? _process;
    private Timer? _end;
    private WebApplication? _app;

    private NodeHost(string[]? settings, bool here, Action<WebApplicationBuilder>? adjust = null, TimeSpan? life = null) =>
        (_settings, _here, _adjust, _life) = (settings ?? [], here, adjust, life ?? Programs.NodeLife);

    public string Folder { get; } = Directory.CreateTempSubdirectory("cluster-test-").FullName;

    public string Url { get; private set; } = "";

    public string AdminToken { get; private set; } = "";

    /// <summary>What the node has logged and said. A process is heard a moment later than it speaks: wait for a line with <see cref="LogCapture.UntilAsync"/>,
    /// and ask what is not there only after <see cref="StopAsync"/>.</summary>
    public LogCapture Log { get; } = new();

    /// <summary>The services of a node that was started in this process.</summary>
    public IServiceProvider Services => (_app ?? throw new InvalidOperationException("Nobody sees into a node that is a process of its own.")).Services;

    /// <param name="settings">Settings as on the command line, <c>--Cluster:Limits:MailboxWaiting=5</c>.</param>
    /// <exception cref="NodeFailedException">The node has ended instead, or does not serve in time.</exception>
    public static Task<NodeHost> StartAsync(string[]? settings = null) => StartAsync(new NodeHost(settings, here: !Programs.NodeIsGiven));

    /// <summary>A node of <c>Cluster.Server</c> in this process in any case, for what is asked of its inside: such a test has the trait <c>House=old</c>.</summary>
    /// <param name="settings">Settings as on the command line.</param>
    /// <param name="adjust">Changes to the builder before the node's own services.</param>
    public static Task<NodeHost> StartInProcessAsync(string[]? settings = null, Action<WebApplicationBuilder>? adjust = null) =>
        StartAsync(new NodeHost(settings, here: true, adjust));

    /// <summary>A node for several tests: it stays however long they take.</summary>
    internal static Task<NodeHost> StartSharedAsync(string[] settings) =>
        StartAsync(new NodeHost(settings, here: !Programs.NodeIsGiven, life: Timeout.InfiniteTimeSpan));

    /// <summary>Starts a node on the same folder once more, at the same port if it had one.</summary>
    /// <param name="more">Settings for this start alone; they come after the others, so they win.</param>
    /// <exception cref="NodeFailedException">The node has ended instead.</exception>
    public async Task StartAgainAsync(params string[] more)
    {
        string[] arguments =
        [
            "--urls", Url.Length > 0 ? Url : "http://127.0.0.1:0",
            $"--Cluster:Data={Path.Combine(Folder, "data")}",
            $"--Cluster:Home={Path.Combine(Folder, "home")}",
            .. _settings,
            .. more,
        ];
        Url = _here ? await StartHereAsync(arguments) : await StartProcessAsync(arguments);
        AdminToken = _settings.FirstOrDefault(setting => setting.StartsWith(AdminTokenSetting, StringComparison.Ordinal)) is { } given
            ? given[AdminTokenSetting.Length..]
            : (await File.ReadAllTextAsync(Path.Combine(Folder, "data", "admin-token"))).Trim();
    }

    /// <summary>Stops gracefully; the folder stays.</summary>
    public async Task StopAsync()
    {
        _end?.Dispose();
        if (_process is { } process)
        {
            _process = null;
            await using (process)
            {
                await process.SignalAsync("TERM");
                await process.ExitAsync(40);
            }
        }
        else if (_app is { } app)
        {
            _app = null;
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }

    /// <summary>Stops, and then has all that the node has ever logged.</summary>
    public async Task<string> WholeLogAsync()
    {
        await StopAsync();
        return string.Join('\n', Log.Lines.Select(line => line.Text));
    }

    /// <summary>Stops, and then has all that stands in the node's data folder, byte by byte.</summary>
    public async Task<string> WholeDataAsync()
    {
        await StopAsync();
        return string.Concat(Directory.GetFiles(Path.Combine(Folder, "data"), "*", SearchOption.AllDirectories)
            .Select(file => Encoding.Latin1.GetString(File.ReadAllBytes(file))));
    }

    /// <summary>A client of the node's API with this token.</summary>
    public HttpClient Api(string? token = null)
    {
        var client = new HttpClient { BaseAddress = new Uri(Url) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token ?? AdminToken);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        _end?.Dispose();
        if (_process is { } process)
        {
            await process.DisposeAsync(); // killed: nothing that it would still do is wanted
        }

        _process = null;
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private static async Task<NodeHost> StartAsync(NodeHost host)
    {
        try
        {
            await host.StartAgainAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    private async Task<string> StartProcessAsync(string[] arguments)
    {
        var process = Programs.StartNode(arguments, Log.Hear);
        try
        {
            var at = Address().Match(await process.LineWithAsync("is running at", 60));
            _process = process;
            _end = new Timer(_ => EndEarly(process), null, _life, Timeout.InfiniteTimeSpan);
            return (at.Groups["local"].Success ? at.Groups["local"] : at.Groups["only"]).Value;
        }
        catch (InvalidOperationException e)
        {
            await using (process)
            {
                throw e.InnerException is OperationCanceledException
                    ? new NodeFailedException(null, $"The node is not ready after a minute. Its last lines:\n{string.Join('\n', Log.Lines.TakeLast(20).Select(line => line.Text))}")
                    : new NodeFailedException(await process.ExitAsync(), process.Errors);
            }
        }
    }

    // A test that waits in vain for what this node cannot do then ends at once, since nobody answers any more.
    private void EndEarly(ChildProcess process)
    {
        Log.Hear($"This node was ended after {_life.TotalSeconds} s, which is all that CLUSTER_TEST_SECONDS gives it.", error: true);
        process.Kill();
    }

    private async Task<string> StartHereAsync(string[] arguments)
    {
        try
        {
            _app = await Node.BuildAsync(
                arguments,
                builder =>
                {
                    builder.Logging.AddProvider(Log);
                    _adjust?.Invoke(builder);
                });
            return (await Node.StartAsync(_app)).Url;
        }
        catch (Exception e) when (e is EngineUnusableException or OptionsValidationException or StartRefusedException)
        {
            throw new NodeFailedException(1, e.Message); // as Program.cs tells it
        }
    }

    // `… is running at https://cluster.example.com (on this machine http://127.0.0.1:5230)`, or the local address alone.
    [GeneratedRegex(@"is running at (?:\S+ \(on this machine (?<local>[^\s)]+)\)|(?<only>\S+))")]
    private static partial Regex Address();
}

/// <summary>A node has ended where it should have served, or does not come to serve; the message is what it said.</summary>
/// <param name="code">What it ended with; null when it had to be killed.</param>
/// <param name="said">What it said on standard error, or its last lines.</param>
public sealed class NodeFailedException(int? code, string said) : Exception(said)
{
    public int? Code => code;
}
