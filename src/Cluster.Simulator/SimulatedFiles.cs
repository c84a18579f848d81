using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cluster.Simulator;

/// <summary>A file that a bot sent.</summary>
/// <param name="Kind">Such as <c>photo</c> or <c>document</c>.</param>
/// <param name="Name">As it was sent.</param>
/// <param name="MediaType">As it was sent.</param>
/// <param name="Content">All of it.</param>
public sealed record SimulatedFile(string Kind, string Name, string MediaType, byte[] Content);

/// <summary>What goes wrong when a file is fetched.</summary>
public enum FileTrouble
{
    None,

    /// <summary>It goes on and on, whatever was said of its size.</summary>
    Endless,

    /// <summary>It begins, and then nothing more comes.</summary>
    Silent,

    /// <summary>The connection breaks in the middle.</summary>
    Cut,

    /// <summary>503.</summary>
    Away,

    /// <summary>404.</summary>
    Gone,

    /// <summary>It is said to be elsewhere.</summary>
    Elsewhere,
}

/// <summary>Hands files out, and reads those that come in a form.</summary>
internal static class SimulatedFiles
{
    /// <summary>Everything that a form of this machine may hold.</summary>
    public static FormOptions FormLimits { get; } = new() { MultipartBodyLengthLimit = long.MaxValue, ValueLengthLimit = int.MaxValue };

    public static async Task<SimulatedFile> ReadAsync(IFormFile file, string kind)
    {
        using var content = new MemoryStream();
        await file.CopyToAsync(content);
        return new(kind, file.FileName, file.ContentType, content.ToArray());
    }

    public static async Task ServeAsync(HttpContext context, byte[] content, FileTrouble trouble)
    {
        var response = context.Response;
        response.ContentType = "application/octet-stream";
        switch (trouble)
        {
            case FileTrouble.None:
                response.ContentLength = content.Length;
                await response.Body.WriteAsync(content, context.RequestAborted);
                break;
            case FileTrouble.Endless:
                var more = new byte[64 * 1024];
                while (!context.RequestAborted.IsCancellationRequested)
                {
                    await response.Body.WriteAsync(more, context.RequestAborted);
                }

                break;
            case FileTrouble.Silent or FileTrouble.Cut:
                response.ContentLength = content.Length;
                await response.Body.WriteAsync(content.AsMemory(0, content.Length / 2), context.RequestAborted);
                await response.Body.FlushAsync(context.RequestAborted);
                if (trouble == FileTrouble.Silent)
                {
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                }

                context.Abort();
                break;
            case FileTrouble.Elsewhere:
                response.Redirect("http://127.0.0.1:1/elsewhere");
                break;
            default:
                response.StatusCode = trouble == FileTrouble.Gone ? 404 : 503;
                break;
        }
    }
}
