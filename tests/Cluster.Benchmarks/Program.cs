using Cluster.Benchmarks;
using Cluster.Benchmarks.Accept;
using Cluster.Benchmarks.Append;
using Cluster.Benchmarks.Latency;

if (Settings.Read(args, out var fault) is not { } settings)
{
    Console.Error.WriteLine(fault);
    return 2;
}

var report = new Report();
Machine.Print();
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

return report.Kept || settings.ReportOnly ? 0 : 1;
