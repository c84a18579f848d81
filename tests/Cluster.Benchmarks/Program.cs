using Cluster.Benchmarks;
using Cluster.Benchmarks.Accept;
using Cluster.Benchmarks.Append;
using Cluster.Benchmarks.Chats;
using Cluster.Benchmarks.Clusters;
using Cluster.Benchmarks.Latency;
using Cluster.Benchmarks.Next;
using Cluster.Benchmarks.Routes;
using Cluster.Benchmarks.Signatures;
using Cluster.Benchmarks.Webhooks;

if (Settings.Read(args, out var fault) is not { } settings)
{
    Console.Error.WriteLine(fault);
    return 2;
}

var report = new Report();
Machine.Print();
if (settings.Runs("signatures"))
{
    SignatureBenchmark.Run(settings, report);
}

if (settings.Runs("routes"))
{
    RouteBenchmark.Run(settings, report);
}

if (settings.Runs("webhooks"))
{
    await WebhookBenchmark.RunAsync(settings, report);
}

if (settings.Runs("accept"))
{
    await AcceptBenchmark.RunAsync(settings, report);
}

if (settings.Runs("append"))
{
    await AppendBenchmark.RunAsync(settings, report);
}

if (settings.Runs("latency"))
{
    await LatencyBenchmark.RunAsync(settings, report);
}

if (settings.Runs("postgres", cluster: true))
{
    await PostgresAppendBenchmark.RunAsync(settings, report);
}

if (settings.Runs("deliver", cluster: true))
{
    await DeliverBenchmark.RunAsync(settings, report);
}

if (settings.Runs("across", cluster: true))
{
    await CrossNodeBenchmark.RunAsync(settings, report);
}

if (settings.Runs("attachments", cluster: true))
{
    await AttachmentsBenchmark.RunAsync(report);
}

if (settings.Runs("chats"))
{
    await ChatLatencyBenchmark.RunAsync(settings, report);
}

if (settings.Runs("burst"))
{
    await ChatBurstBenchmark.RunAsync(report);
}

if (settings.Runs("next"))
{
    await NextBenchmarks.RunAsync(settings, report);
}

return report.Kept || settings.ReportOnly ? 0 : 1;
