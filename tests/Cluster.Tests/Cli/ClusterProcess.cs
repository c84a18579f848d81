using System.Diagnostics;

namespace Cluster.Tests.Cli;

/// <summary>How one run of <c>cluster</c> ended.</summary>
internal sealed record Ran(int ExitCode, string Output, string Error)
{
    public string OneErrorLine => Assert.Single(Error.TrimEnd().Split('\n'));
}

/// <summary>Runs <c>cluster</c> as its users do: as a process.</summary>
internal static class ClusterProcess
{
    public static Process Start(TemporaryHome home, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = home.Path,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "cluster.dll") },
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("CLUSTER_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["CLUSTER_HOME"] = home.Path;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    public static async Task<Ran> RunAsync(TemporaryHome home, params string[] arguments)
    {
        var ct = TestContext.Current.CancellationToken;
        using var process = Start(home, null, arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var error = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return new Ran(process.ExitCode, await output, await error);
    }
}
