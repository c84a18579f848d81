namespace Cluster.Server.Security;

/// <summary>Counts what was refused, by class.</summary>
internal sealed partial class Refusals(ILogger<Refusals> logger)
{
    /// <param name="class">A fixed word: <c>token</c>, <c>host</c>, <c>origin</c>.</param>
    public void Count(string @class) => LogRefused(@class);

    [LoggerMessage(LogLevel.Debug, "Refused a call: {Class}.")]
    private partial void LogRefused(string @class);
}
