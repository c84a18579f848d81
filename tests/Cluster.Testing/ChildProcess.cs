using System.Diagnostics;
using System.Threading.Channels;

namespace Cluster.Testing;

/// <summary>A child process whose lines a test reads. It ends with the test at the latest.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly List<string> _errors = [];
    private readonly Task _reading;

    private ChildProcess(Process process, Action<string, bool>? heard)
    {
        _process = process;
        _reading = Task.WhenAll(
            ReadAsync(process.StandardOutput, line =>
            {
                heard?.Invoke(line, false);
                _lines.Writer.TryWrite(line);
            }),
            ReadAsync(process.StandardError, line =>
            {
                heard?.Invoke(line, true);
                KeepError(line);
            }));
    }

    public int Id => _process.Id;

    /// <summary>All that came on standard error so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return string.Join('\n', _errors);
            }
        }
    }

    /// <param name="command">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">What is set, or not set, beside what this process has.</param>
    /// <param name="folder">Where it works.</param>
    /// <param name="heard">Is told every line as it comes, and whether it came on standard error.</param>
    public static ChildProcess Start(
        string command, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? folder = null, Action<string, bool>? heard = null)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        return new ChildProcess(Process.Start(start)!, heard);
    }

    public async Task WriteLineAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>The next line of standard output.</summary>
    /// <exception cref="InvalidOperationException">The process has ended or says nothing; with what it said on standard error.</exception>
    public async Task<string> LineAsync(int seconds = 30)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        try
        {
            return await _lines.Reader.ReadAsync(patience.Token);
        }
        catch (Exception e) when (e is ChannelClosedException or OperationCanceledException)
        {
            throw new InvalidOperationException($"No more lines. Standard error: {Errors}", e);
        }
    }

    /// <summary>Reads on to the first line that has this text.</summary>
    public async Task<string> LineWithAsync(string text, int seconds = 30)
    {
        while (true)
        {
            var line = await LineAsync(seconds);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }
    }

    /// <summary>SIGKILL, not waited for.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself, and whoever had it has let it go.
        }
    }

    /// <summary>SIGKILL: the process does nothing more at all.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends a signal by name, such as TERM or STOP.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", Id.ToString()]);
        await kill.WaitForExitAsync();
    }

    public async Task<int> ExitAsync(int seconds = 30)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        await _process.WaitForExitAsync(patience.Token);
        await _reading;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private void KeepError(string line)
    {
        lock (_errors)
        {
            _errors.Add(line);
        }
    }

    private async Task ReadAsync(StreamReader reader, Action<string> take)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            take(line);
        }

        if (reader == _process.StandardOutput)
        {
            _lines.Writer.TryComplete();
        }
    }
}
