using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Benchmarks.Accept;

/// <summary>What one leg came to.</summary>
/// <param name="Rate">Requests accepted per second.</param>
/// <param name="Processor">Microseconds of processor time for each, the client's share included.</param>
internal readonly record struct Load(double Rate, double Processor);

/// <summary>Sends signed requests over 64 connections that stay open, one at a time on each, with as little work of its own as it can.</summary>
internal static class LoadClient
{
    private const int Connections = 64;

    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();
    private static readonly byte[] Accepted = "HTTP/1.1 202 "u8.ToArray();

    /// <summary>Ends after the time, or when all requests are used.</summary>
    /// <exception cref="InvalidOperationException">An answer was not 202.</exception>
    public static async Task<Load> RunAsync(Target target, SignedRequests requests, TimeSpan length)
    {
        var sockets = new List<Socket>(Connections);
        try
        {
            for (var i = 0; i < Connections; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                sockets.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, target.Url.Port);
            }

            var next = -1;
            var processor = Environment.CpuUsage.TotalTime;
            var start = Stopwatch.GetTimestamp();
            var counts = await Task.WhenAll(sockets.Select(socket => Task.Run(async () =>
            {
                var request = requests.NewBuffer();
                var answer = new byte[4096];
                var accepted = 0;
                while (Stopwatch.GetElapsedTime(start) < length && Interlocked.Increment(ref next) is var index && index < requests.Count)
                {
                    requests.Fill(request, index);
                    await ExchangeAsync(socket, request, answer);
                    accepted++;
                }

                return accepted;
            })));
            return new Load(
                counts.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds,
                (Environment.CpuUsage.TotalTime - processor).TotalMicroseconds / counts.Sum());
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    // A 202 has no body here, so its head is all of it.
    private static async ValueTask ExchangeAsync(Socket socket, byte[] request, byte[] answer)
    {
        for (var sent = 0; sent < request.Length;)
        {
            sent += await socket.SendAsync(request.AsMemory(sent));
        }

        var length = 0;
        do
        {
            var read = await socket.ReceiveAsync(answer.AsMemory(length));
            if (read == 0)
            {
                throw new InvalidOperationException("The connection was closed before an answer.");
            }

            length += read;
        }
        while (answer.AsSpan(0, length).IndexOf(HeadEnd) < 0);

        if (!answer.AsSpan(0, length).StartsWith(Accepted))
        {
            throw new InvalidOperationException($"Expected 202, got: {Encoding.UTF8.GetString(answer, 0, length)}");
        }
    }
}
