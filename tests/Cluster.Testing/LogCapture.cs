using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Cluster.Testing;

/// <summary>Keeps every log line of a node for tests to read.</summary>
public sealed class LogCapture : ILoggerProvider
{
    private static readonly Dictionary<string, LogLevel> Levels = new()
    {
        ["trce"] = LogLevel.Trace,
        ["dbug"] = LogLevel.Debug,
        ["info"] = LogLevel.Information,
        ["warn"] = LogLevel.Warning,
        ["fail"] = LogLevel.Error,
        ["crit"] = LogLevel.Critical,
    };

    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    public IReadOnlyCollection<(LogLevel Level, string Text)> Lines => _lines;

    /// <summary>Takes a line that a node as a process wrote: on standard error it is a fault, on standard output what stands before its colon.</summary>
    public void Hear(string line, bool error) =>
        _lines.Enqueue((error ? LogLevel.Error : Levels.GetValueOrDefault(line.Split(':')[0], LogLevel.Information), line));

    /// <summary>Waits for a line of this kind; fails after twenty seconds.</summary>
    public async Task UntilAsync(Func<(LogLevel Level, string Text), bool> wanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!_lines.Any(wanted))
        {
            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException($"The node has not logged that. It logged:\n{string.Join('\n', _lines)}");
            }

            await Task.Yield();
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, _lines);

    public void Dispose()
    {
    }

    private sealed class Logger(string category, ConcurrentQueue<(LogLevel, string)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue((logLevel, $"{category}: {formatter(state, exception)} {exception}"));
    }
}
