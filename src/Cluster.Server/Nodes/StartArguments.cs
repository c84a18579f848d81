using Cluster.Server.Simulation;

namespace Cluster.Server.Nodes;

/// <summary>The command line of a node, read strictly: what is not known is refused, since it would be without effect.</summary>
internal sealed record StartArguments
{
    private static readonly string[] Options = ["help", "demo", "simulate"];

    public bool Help { get; private init; }

    public bool Demo { get; private init; }

    /// <summary>Telegram is to be simulated.</summary>
    public bool Simulate { get; private init; }

    public IReadOnlyList<KeyValuePair<string, string?>> Settings { get; private init; } = [];

    /// <summary>What is wrong, in one sentence.</summary>
    public string? Fault { get; private init; }

    public static StartArguments Read(string[] args)
    {
        if (args.Any(arg => arg is "--help" or "-h" or "-?" or "/?"))
        {
            return new StartArguments { Help = true };
        }

        var (rest, simulate, fault) = SimulateArgument.Read(args);
        if (fault is not null)
        {
            return new StartArguments { Fault = fault };
        }

        var demo = false;
        var settings = new List<KeyValuePair<string, string?>>();
        for (var i = 0; i < rest.Length; i++)
        {
            var argument = rest[i];
            if (argument == "--demo")
            {
                demo = true;
                continue;
            }

            // As ASP.NET reads it: --name=value, --name value, name=value.
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var written = equals < 0 ? argument : argument[..equals];
            if (!written.StartsWith('-') && equals < 0)
            {
                return new StartArguments { Fault = $"A node takes options and settings, and '{argument}' is neither{Suggest(written)}" };
            }

            var name = written.StartsWith("--", StringComparison.Ordinal) ? written[2..] : written;
            if (!KnownSettings.IsKnown(name))
            {
                return new StartArguments { Fault = $"There is no option or setting {written}{Suggest(written)}" };
            }

            if (equals < 0 && (i + 1 == rest.Length || rest[i + 1].StartsWith("--", StringComparison.Ordinal)))
            {
                return new StartArguments { Fault = $"{written} needs a value: {written}=VALUE." };
            }

            settings.Add(new(name, equals < 0 ? rest[++i] : argument[(equals + 1)..]));
        }

        return new StartArguments { Demo = demo, Simulate = simulate, Settings = settings };
    }

    /// <summary>The settings in a form that cannot be read otherwise.</summary>
    public static string[] ToArguments(IEnumerable<KeyValuePair<string, string?>> settings) => [.. settings.Select(setting => $"--{setting.Key}={setting.Value}")];

    public static string HelpText()
    {
        var width = KnownSettings.OfNode.Max(setting => setting.Name.Length) + 2;
        return $"""
            A node of Channel Cluster.

            Usage: dotnet run --project src/Cluster.Server -- [OPTIONS] [--SETTING=VALUE …]

            Options:
              --demo                 show the main job on a scratch folder, at a free port; nothing of a real node is used
              --simulate telegram    simulate Telegram, to try a chat bot without an account
              --urls ADDRESSES       where to listen: {Node.DefaultUrl}
              --help                 this text; nothing is started

            Settings (in the environment with __ for each colon: Cluster__Data):
            {string.Join("\n", KnownSettings.OfNode.Select(setting => $"  {setting.Name.PadRight(width)} {setting.Meaning}"))}

            In the environment only by habit: CLUSTER_KEY. Beside these, ASP.NET's own: --environment, Logging:*, Kestrel:*, AllowedHosts.
            """;
    }

    private static string Suggest(string written) =>
        KnownSettings.Near(written, Options) is { } near ? $"; did you mean --{near}?" : "; --help lists what there is.";
}
