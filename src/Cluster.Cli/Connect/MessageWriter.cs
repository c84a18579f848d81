namespace Cluster.Cli.Connect;

/// <summary>The only hand on stdout: whole messages, one a line, one at a time.</summary>
internal sealed class MessageWriter(Stream output) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    public async Task WriteAsync(ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        var line = new byte[message.Length + 1];
        message.CopyTo(line);

        // Valid JSON has line ends between its parts only, so a space means the same and the message is one line.
        line.AsSpan().ReplaceAny(LineEnds, (byte)' ');
        line[^1] = (byte)'\n';

        await _turn.WaitAsync(ct);
        try
        {
            // Not to be cancelled: half a line would spoil the next one.
            await output.WriteAsync(line, CancellationToken.None);
            await output.FlushAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Nobody reads any more. The end of stdin follows and ends the program.
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private static readonly System.Buffers.SearchValues<byte> LineEnds = System.Buffers.SearchValues.Create("\r\n"u8);
}
