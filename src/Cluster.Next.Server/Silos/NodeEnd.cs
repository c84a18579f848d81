using System.Diagnostics;

namespace Cluster.Next.Server.Silos;

/// <summary>Ends a node that must not go on.</summary>
internal interface INodeEnd
{
    void End(string why);
}

/// <summary>Ends the process: whoever runs it (Kubernetes, systemd) starts it again.</summary>
internal sealed class ProcessEnd : INodeEnd
{
    /// <summary>"Try again", as <c>sysexits.h</c> has it.</summary>
    public const int ExitCode = 75;

    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(150);

    public void End(string why)
    {
        // Threads of its own: the pool may be busy with what has just thawed.
        Run(() =>
        {
            Thread.Sleep(Limit);
            Process.GetCurrentProcess().Kill();
        });
        Run(() =>
        {
            Console.Error.WriteLine(why);
            Environment.Exit(ExitCode);
        });
        Thread.Sleep(Timeout.Infinite); // the caller relies on this being the end
    }

    private static void Run(ThreadStart run) => new Thread(run) { IsBackground = true, Priority = ThreadPriority.Highest }.Start();
}

/// <summary>Ends one host of several in a process.</summary>
internal sealed partial class HostEnd(IHostApplicationLifetime lifetime, ILogger<HostEnd> logger) : INodeEnd
{
    public void End(string why)
    {
        LogEnding(why);
        lifetime.StopApplication();
    }

    [LoggerMessage(LogLevel.Error, "{Why}")]
    private partial void LogEnding(string why);
}
