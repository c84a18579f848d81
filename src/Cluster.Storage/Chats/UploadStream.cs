namespace Cluster.Storage.Chats;

/// <summary>An upload as a stream that holds one piece at a time.</summary>
internal sealed class UploadStream(UploadStore store, Upload upload) : Stream
{
    private byte[] _piece = [];
    private int _used;
    private int _place;
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => upload.Size;

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_used == _piece.Length)
        {
            if (_read == upload.Size)
            {
                return 0;
            }

            _piece = await store.ChunkAsync(upload.Id, _place++, cancellationToken) ?? throw new IOException("A piece of the file is gone.");
            _used = 0;
        }

        var count = Math.Min(buffer.Length, _piece.Length - _used);
        _piece.AsMemory(_used, count).CopyTo(buffer);
        _used += count;
        _read += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
