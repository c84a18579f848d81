using System.Runtime.InteropServices;
using Cluster.Chaos;
using Cluster.Chaos.Faults;
using Cluster.Chaos.Nodes;
using Cluster.Chaos.Scenarios;

if (args is ["node", var fault, .. var rest])
{
    return await FaultyNode.RunAsync(fault, rest);
}

Scenario[] scenarios =
[
    new R1KilledNodes(), new R2FrozenHolder(), new R3StoppedEngine(), new R4TerminatedBackends(),
    new R5HeldConnections(), new R7SlowReader(), new R9RepeatedSends(), new R11RollingRestart(),
];
if (Settings.Read(args, ["faults", .. scenarios.Select(s => s.Id)], out var wrong) is not { } settings)
{
    Console.Error.WriteLine(wrong);
    return 2;
}

PosixSignal? stoppedBy = null;
using var stopping = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var report = new Report(settings.Report);
var evidence = new Evidence(Path.Combine(Path.GetTempPath(), $"cluster-chaos-evidence-{Environment.ProcessId}"));
report.Line(
    $"chaos, {(settings.Long ? "long" : "short")} form, seed {settings.Seed}: 3 nodes, 10 sessions, 100 events/s, {Environment.ProcessorCount} cores, "
    + $"{RuntimeInformation.FrameworkDescription}");
try
{
    await using var postgres = await ChaosPostgres.StartAsync(stopping.Token);
    if (settings.Runs("faults"))
    {
        await SeededFaults.RunAsync(postgres, evidence, report, stopping.Token);
    }

    await using var run = new Run(postgres, settings, evidence, report);
    foreach (var scenario in scenarios.Where(s => settings.Runs(s.Id)))
    {
        await run.PlayAsync(scenario, stopping.Token);
    }

    await run.CheckWholeAsync(stopping.Token);
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
