namespace Cluster.Cli.Connect;

/// <summary>Reads lines of bytes and never holds more than one line of the greatest length.</summary>
internal sealed class LineReader(Stream input, int maxLength)
{
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;
    private int _searched;

    /// <summary>The next line without its end, or null at the end of the input.</summary>
    /// <exception cref="LineTooLongException">The line was longer than allowed. It has been skipped; reading can go on.</exception>
    public async Task<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken ct)
    {
        var skipping = false;
        while (true)
        {
            var found = _buffer.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                var line = _buffer.AsMemory(_start, _searched + found - _start);
                _start = _searched = _searched + found + 1;
                return skipping || line.Length > maxLength ? throw new LineTooLongException() : Copy(line);
            }

            if (_end - _start > maxLength)
            {
                skipping = true;
                _start = _end;
            }

            _searched = _end;
            MakeRoom();
            var read = await input.ReadAsync(_buffer.AsMemory(_end), ct);
            if (read == 0)
            {
                var rest = _buffer.AsMemory(_start, _end - _start);
                _start = _searched = _end;
                if (skipping || rest.Length > maxLength)
                {
                    throw new LineTooLongException();
                }

                // Not as one expression with a bare null, which would turn into an empty line.
                return rest.IsEmpty ? default(ReadOnlyMemory<byte>?) : Copy(rest);
            }

            _end += read;
        }
    }

    private static ReadOnlyMemory<byte> Copy(ReadOnlyMemory<byte> line) => line.ToArray();

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _searched -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }
}

internal sealed class LineTooLongException : Exception;
