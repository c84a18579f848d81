namespace Cluster.Server.Simulation;

/// <summary><c>--simulate PLATFORM</c>, which is no setting.</summary>
internal static class SimulateArgument
{
    private const string Name = "--simulate";
    private const string Telegram = "telegram";

    /// <returns>The others, whether to simulate Telegram, and what is wrong.</returns>
    public static (string[] Others, bool Simulate, string? Fault) Read(string[] args)
    {
        var rest = new List<string>();
        var asked = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i].StartsWith(Name + "=", StringComparison.Ordinal))
            {
                asked.Add(args[i][(Name.Length + 1)..]);
            }
            else if (args[i] == Name)
            {
                asked.Add(i + 1 < args.Length ? args[++i] : "");
            }
            else
            {
                rest.Add(args[i]);
            }
        }

        var wrong = asked.FirstOrDefault(word => word != Telegram);
        return ([.. rest], asked.Count > 0, wrong is null ? null : $"{Name} {wrong}".TrimEnd() + $": only {Telegram} can be simulated. Start the node with: {Name} {Telegram}");
    }
}
