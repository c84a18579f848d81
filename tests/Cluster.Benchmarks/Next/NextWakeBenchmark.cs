using System.Diagnostics;
using Cluster.Benchmarks.Append;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Grains.Users;
using Cluster.Testing;

namespace Cluster.Benchmarks.Next;

/// <summary>How long a session with a long log takes until it answers its first view, after its silo has ended.</summary>
internal static class NextWakeBenchmark
{
    private const int Records = 10_000;
    private const double Promised = 50; // milliseconds

    public static async Task RunAsync(Settings settings, Report report)
    {
        Report.Title($"next, wake: a session of {Records:N0} records, its first view in a new silo");
        var database = await PostgresServer.CreateDatabaseAsync();
        List<string> delivered = [.. Enumerable.Range(0, settings.Pairs + 1).Select(i => $"delivered{i}")];
        await using (var silo = await NextSilo.StartAsync(database))
        {
            for (var user = 0; user < 16; user++)
            {
                await silo.User<IUserStanding>(user).LinkAsync("admin", CancellationToken.None);
            }

            await Task.WhenAll(delivered.Select(name => FillAsync(silo, name, Records, attached: true)));
            await FillAsync(silo, "waiting", Records, attached: false);
        }

        var times = new List<double>();
        await using (var silo = await NextSilo.StartAsync(database))
        {
            await ViewAsync(silo, delivered[0]); // compiles what is on the way
            foreach (var name in delivered.Skip(1))
            {
                times.Add(await ViewAsync(silo, name));
            }

            Report.Line($"with {Records:N0} events that wait: {await ViewAsync(silo, "waiting"):F1} ms");
        }

        await PostgresServer.DropDatabaseAsync(database);
        var median = Report.Percentile(times, 0.5);
        report.Promise(
            "next wake", $"{median:F1} ms ({times.Min():F1} to {times.Max():F1}, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]})", $"at most {Promised:F0} ms", median <= Promised);
    }

    private static async Task<double> ViewAsync(NextSilo silo, string name)
    {
        var start = Stopwatch.GetTimestamp();
        var view = await silo.Session<ISessionViews>(name).ViewAsync(NextSilo.Owner, CancellationToken.None);
        var took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        Report.Line($"{name}: {took:F1} ms at record {view!.Position}");
        return took;
    }

    private static async Task FillAsync(NextSilo silo, string name, int events, bool attached)
    {
        await silo.Session<ISessionViews>(name).MakeAsync(NextSilo.Owner, CancellationToken.None);
        var node = new ConfirmingNode(silo, name);
        if (attached)
        {
            var client = silo.Session<ISessionAttachments>(name);
            await client.InitializeAsync(new ClientStart { Hash = name, TokenId = "t", Client = "benchmark" }, CancellationToken.None);
            await client.InitializedAsync(name, CancellationToken.None);
            await client.AttachAsync(
                new AttachRequest
                {
                    Hash = name,
                    TokenId = "t",
                    Stream = name,
                    JustOpened = true,
                    Node = silo.Grains.CreateObjectReference<IStreamNode>(node),
                },
                CancellationToken.None);
        }

        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(user => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) <= events)
            {
                await silo.User<IUserTalk>(user).SayAsync(new Saying { Session = $"admin/{name}", Text = Sample.Message }, CancellationToken.None);
            }
        })));
        GC.KeepAlive(node);
    }

    private sealed class ConfirmingNode(NextSilo silo, string name) : IStreamNode
    {
        public Task<PushOutcome> PushAsync(Push push)
        {
            _ = silo.Session<ISessionAttachments>(name).ConfirmAsync(name, push.Epoch, push.Batch, CancellationToken.None);
            return Task.FromResult(PushOutcome.Taken);
        }
    }
}
