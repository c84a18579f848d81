using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cluster.Benchmarks.Accept;

/// <summary>What the node is measured against: an endpoint on Kestrel that reads the whole body, checks its signature in constant time
/// and stores nothing.</summary>
internal sealed class BareEndpoint : IAsyncDisposable
{
    private const string Secret = "a secret of the same length as a source's, more or less";

    private readonly WebApplication _app;

    private BareEndpoint(WebApplication app) => _app = app;

    public Target Target => new(new Uri($"{_app.Urls.First()}/hooks/bare"), Secret);

    public static async Task<BareEndpoint> StartAsync()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        var app = builder.Build();
        var secret = Encoding.UTF8.GetBytes(Secret);
        app.MapPost("/hooks/bare", (RequestDelegate)(context => ReceiveAsync(context, secret)));
        await app.StartAsync();
        return new BareEndpoint(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static async Task ReceiveAsync(HttpContext context, byte[] secret)
    {
        var length = (int)context.Request.ContentLength!.Value;
        var body = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await context.Request.Body.ReadExactlyAsync(body.AsMemory(0, length));
            context.Response.StatusCode = IsSigned(context.Request.Headers["X-Hub-Signature-256"], body.AsSpan(0, length), secret)
                ? StatusCodes.Status202Accepted
                : StatusCodes.Status401Unauthorized;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    private static bool IsSigned(string? header, ReadOnlySpan<byte> body, byte[] secret)
    {
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, body, expected);
        return header is { Length: 71 } && CryptographicOperations.FixedTimeEquals(expected, Convert.FromHexString(header.AsSpan(7)));
    }
}
