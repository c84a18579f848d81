using System.Net;

namespace Cluster.Testing;

/// <summary>The body of a request that was let in by its headers, and is not sent before the test says so: the node asks for it
/// (<c>Expect: 100-continue</c>) once it begins to read it.</summary>
public sealed class HeldBody(byte[] bytes) : HttpContent
{
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _send = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Begins a request whose body is held.</summary>
    /// <returns>Once the node has asked for the body; then <paramref name="meanwhile"/> is done, and the answer to the whole comes.</returns>
    public static async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, Func<Task> meanwhile)
    {
        var bytes = await request.Content!.ReadAsByteArrayAsync();
        using var http = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(60) });
        var body = new HeldBody(bytes);
        foreach (var (name, values) in request.Content.Headers)
        {
            body.Headers.TryAddWithoutValidation(name, values);
        }

        request.Content = body;
        request.Headers.ExpectContinue = true;
        var answer = http.SendAsync(request);
        await await Task.WhenAny(body._asked.Task, answer);
        await meanwhile();
        body._send.SetResult();
        return await answer;
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        _asked.SetResult();
        await _send.Task;
        await stream.WriteAsync(bytes);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }
}
