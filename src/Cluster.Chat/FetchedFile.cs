using System.Net;

namespace Cluster.Chat;

/// <summary>A file on its way from a platform, read as it comes. What was said of its size is not believed: it ends where it must.</summary>
internal sealed class FetchedFile : Stream
{
    /// <summary>How long the platform may fall silent.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpResponseMessage _answer;
    private readonly Stream _content;
    private readonly long _most;
    private readonly TimeProvider _clock;
    private long _read;

    private FetchedFile(HttpResponseMessage answer, Stream content, long most, TimeProvider clock) =>
        (_answer, _content, _most, _clock) = (answer, content, most, clock);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    /// <summary>Asks for it, with nothing in the request that tells who asks.</summary>
    /// <param name="http">Must follow no redirects.</param>
    /// <param name="address">May be secret: nothing that is thrown or told holds it.</param>
    /// <param name="most">Bytes.</param>
    /// <param name="clock">For patience.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HttpRequestException">The platform cannot be reached or fails: try again.</exception>
    public static async Task<FetchOutcome> OpenAsync(HttpClient http, Uri address, long most, TimeProvider clock, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        HttpResponseMessage? answer = null;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (RefusalOf(answer, most) is { } refusal)
            {
                return new FetchOutcome.Refused(refusal);
            }

            var content = await answer.Content.ReadAsStreamAsync(either.Token);
            var file = new FetchedFile(answer, content, most, clock);
            var size = answer.Content.Headers.ContentLength;
            answer = null;
            return new FetchOutcome.Found(file, size);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new HttpRequestException($"The file did not come within {Patience.TotalSeconds:0} s.");
        }
        catch (HttpRequestException e) when (e.StatusCode is null)
        {
            throw new HttpRequestException(e.HttpRequestError, $"The file could not be fetched: {e.HttpRequestError}.");
        }
        catch (IOException)
        {
            throw new HttpRequestException("The connection broke before the file came.");
        }
        finally
        {
            answer?.Dispose();
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var late = new CancellationTokenSource(Patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        var left = _most - _read;
        int read;
        try
        {
            // One byte more than is allowed shows that there is more.
            read = await _content.ReadAsync(left < buffer.Length ? buffer[..(int)(left + 1)] : buffer, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"No more of the file came for {Patience.TotalSeconds:0} s.");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new IOException("The connection broke while the file came."); // without what was thrown: it may tell the address
        }

        _read += read;
        return _read <= _most ? read : throw new ChatFileTooLargeException(_most);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("It is read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _content.Dispose();
            _answer.Dispose();
        }

        base.Dispose(disposing);
    }

    private static string? RefusalOf(HttpResponseMessage answer, long most) => answer switch
    {
        { IsSuccessStatusCode: true, Content.Headers.ContentLength: { } size } when size > most => TooLarge(size, most),
        { IsSuccessStatusCode: true } => null,
        { StatusCode: >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest } =>
            "The platform points elsewhere for this file; only its own address is asked.",
        { StatusCode: HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError } =>
            throw new HttpRequestException($"The platform answered {(int)answer.StatusCode} instead of the file.", null, answer.StatusCode),
        _ => $"The platform no longer hands this file out ({(int)answer.StatusCode}); ask for it to be sent again.",
    };

    /// <summary>In plain words.</summary>
    public static string TooLarge(long size, long most) => $"The file has {size} bytes; at most {most} are fetched.";
}
