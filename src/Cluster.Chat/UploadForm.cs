using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Cluster.Chat;

/// <summary>A form with files in it (RFC 7578), written while it is sent: no file is held as a whole.</summary>
internal sealed class UploadForm : MultipartContent
{
    // Slower than this is not waited for.
    private const int BytesPerSecond = 128 * 1024;

    private long _size;

    public UploadForm()
        : base("form-data") =>
        // Names stand there as they are, not in the encodings of e-mail, which platforms do not read.
        HeaderEncodingSelector = static (_, _) => Encoding.UTF8;

    /// <summary>How much longer than for a call without files the platform may take.</summary>
    public TimeSpan Patience => TimeSpan.FromSeconds((double)_size / BytesPerSecond);

    public void Add(string name, string value) => Add(name, null, new ByteArrayContent(Encoding.UTF8.GetBytes(value)));

    public void AddJson(string name, byte[] json)
    {
        var part = new ByteArrayContent(json);
        part.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        Add(name, null, part);
    }

    public void Add(string name, ChatUpload file)
    {
        _size += file.Size;
        var part = new FileContent(file);
        part.Headers.ContentType = MediaTypeHeaderValue.TryParse(file.MediaType, out var type) ? type : new("application/octet-stream");
        Add(name, file.Name, part);
    }

    private void Add(string name, string? file, HttpContent part)
    {
        part.Headers.TryAddWithoutValidation(
            "Content-Disposition", $"form-data; name=\"{name}\"{(file is null ? "" : $"; filename=\"{Escape(file)}\"")}");
        Add(part);
    }

    /// <summary>As browsers do it (HTML: multipart/form-data encoding algorithm). Controls end a header, so none goes into it.</summary>
    private static string Escape(string name)
    {
        var safe = new StringBuilder();
        foreach (var rune in name.EnumerateRunes()) // half a surrogate pair becomes U+FFFD
        {
            _ = rune.Value switch
            {
                '"' => safe.Append("%22"),
                < ' ' or 0x7F => safe.Append('_'),
                _ => safe.Append(rune.ToString()),
            };
        }

        return safe.ToString();
    }

    /// <summary>Opened when it is sent, and closed after that.</summary>
    private sealed class FileContent(ChatUpload file) : HttpContent
    {
        protected override bool TryComputeLength(out long length)
        {
            length = file.Size;
            return true;
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await using var content = await file.OpenAsync(cancellationToken);
            var buffer = new byte[64 * 1024];
            var left = file.Size;
            while (left > 0)
            {
                var read = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken);
                if (read == 0)
                {
                    throw new IOException("A file that was to be sent is shorter than it was said to be.");
                }

                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                left -= read;
            }
        }
    }
}
