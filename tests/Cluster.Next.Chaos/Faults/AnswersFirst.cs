using System.Threading.Channels;
using Cluster.Core.Logs;
using Cluster.Next.Storage;
using Cluster.Next.Storage.Writing;
using Microsoft.Extensions.Logging;

namespace Cluster.Next.Chaos.Faults;

/// <summary>Says that an append is durable and makes it so half a second later.</summary>
internal sealed class AnswersFirst : ILogWriter, IAsyncDisposable
{
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(0.5);

    private readonly LogWriter _writer;
    private readonly Channel<(LogAppend Append, long At)> _late = Channel.CreateUnbounded<(LogAppend, long)>();

    public AnswersFirst(LogStores stores, ILoggerFactory loggers)
    {
        _writer = new LogWriter(stores.Logs, loggers.CreateLogger<LogWriter>());
        _ = WriteAsync();
    }

    public Task<LogOutcome> AppendAsync(LogAppend append)
    {
        _late.Writer.TryWrite((append, TimeProvider.System.GetTimestamp()));
        return Task.FromResult<LogOutcome>(new LogOutcome.Appended(DateTimeOffset.UtcNow));
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    private async Task WriteAsync()
    {
        await foreach (var (append, at) in _late.Reader.ReadAllAsync())
        {
            var wait = Later - TimeProvider.System.GetElapsedTime(at);
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
            _ = _writer.AppendAsync(append);
        }
    }
}
