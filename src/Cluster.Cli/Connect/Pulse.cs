namespace Cluster.Cli.Connect;

/// <summary>Notices that a stream has died without a word: any byte is life, ten seconds without one are not. A node that lives answers
/// the asking for a stream at once, so one that does not within three is frozen, and another is tried.</summary>
internal sealed class Pulse(TimeProvider clock) : IDisposable
{
    /// <summary>How often the node is asked to say something.</summary>
    public const string KeepAliveSeconds = "4";

    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Opening = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _silent = new(Opening, clock);

    public CancellationToken Stopped => _silent.Token;

    public void Beat() => _silent.CancelAfter(Silence);

    public Stream Watch(Stream inner) => new WatchedStream(inner, this);

    public void Dispose() => _silent.Dispose();

    private sealed class WatchedStream(Stream inner, Pulse pulse) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            pulse.Beat();
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
