using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Cluster.Benchmarks;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    private const int Syncs = 200;

    public static void Print()
    {
        var syncs = SyncTimes();
        Console.WriteLine($"machine: {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
        Console.WriteLine(
            $"disk: a 4 KiB write and its fsync take {Report.Percentile(syncs, 0.5):F2} ms (p99 {Report.Percentile(syncs, 0.99):F2} ms) in the scratch folder");
        Console.WriteLine("client, node and comparison run in this process and share its cores");
    }

    private static List<double> SyncTimes()
    {
        var folder = Directory.CreateTempSubdirectory("cluster-bench-");
        try
        {
            using var file = new FileStream(Path.Combine(folder.FullName, "sync"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            var block = new byte[4096];
            var times = new List<double>(Syncs);
            for (var i = 0; i < Syncs; i++)
            {
                var start = Stopwatch.GetTimestamp();
                file.Write(block);
                file.Flush(flushToDisk: true);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            return times;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
