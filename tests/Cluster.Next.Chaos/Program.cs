using System.Runtime.InteropServices;
using Cluster.Chaos;
using Cluster.Chaos.Nodes;
using Cluster.Next.Chaos;
using Cluster.Next.Chaos.Faults;
using Cluster.Next.Chaos.Revoking;
using Cluster.Next.Chaos.Storms;

if (args is ["node", var fault, .. var rest])
{
    return await FaultyNode.RunAsync(fault, rest);
}

Storm[] storms =
[
    new KilledHolder(), new FrozenHolder(), new StoreRestarts(freezes: false), new StoreRestarts(freezes: true), new ShortFreezes(), new ColdStart(),
];
if (Settings.Read(args, ["faults", "revoke", .. storms.Select(storm => storm.Id)], out var wrong) is not { } settings)
{
    Console.Error.WriteLine(wrong);
    return 2;
}

PosixSignal? stoppedBy = null;
using var stopping = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var report = new Report(settings.Report);
report.Line(
    $"fire, {(settings.Long ? "long" : "short")} form: 3 nodes of the new house, 20 sessions, {Storm.Rate:0} messages/s, {Environment.ProcessorCount} cores, "
    + RuntimeInformation.FrameworkDescription);
try
{
    await using var postgres = await ChaosPostgres.StartAsync(stopping.Token);
    if (settings.Runs("faults"))
    {
        await new SeededFaults(postgres, report).RunAsync(settings.Long, stopping.Token);
    }

    if (settings.Runs("revoke"))
    {
        await new Revocation(postgres, report).RunAsync(stopping.Token);
    }

    await using var run = new Run(postgres, settings.Long, report);
    foreach (var storm in storms.Where(storm => settings.Runs(storm.Id) && (settings.Long || !storm.LongOnly || settings.Only.Count > 0)))
    {
        await run.PlayAsync(storm, stopping.Token);
    }
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    report.Verdict("stopped", false, "FAILED", $"by {stoppedBy} before the end");
}

report.Line($"{(report.Kept ? "all kept" : "NOT all kept")} after {RunClock.Now.TotalSeconds:0} s");
return report.Kept ? 0 : 1;

void Stop(PosixSignalContext signal)
{
    stoppedBy = signal.Signal;
    signal.Cancel = true; // what was started is ended in order
    stopping.Cancel();
}
