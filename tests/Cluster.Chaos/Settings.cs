using System.Globalization;

namespace Cluster.Chaos;

/// <summary>What the command line asks for.</summary>
internal sealed record Settings
{
    private const string Usage =
        "usage: [short | long] [--only NAME,NAME] [--report FILE] [--seed N]";

    public bool Long { get; private init; }

    /// <summary>The scenarios to run; empty for all.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    /// <summary>Where the lines go too.</summary>
    public string? Report { get; private init; }

    /// <summary>What chance is made of.</summary>
    public int Seed { get; private init; } = Random.Shared.Next(1_000_000);

    public static Settings? Read(string[] args, IReadOnlyCollection<string> scenarios, out string fault)
    {
        var settings = new Settings();
        fault = "";
        for (var i = 0; i < args.Length; i++)
        {
            var arg = args[i];
            if (arg is "short" or "long")
            {
                settings = settings with { Long = arg == "long" };
                continue;
            }

            if (arg is not ("--only" or "--report" or "--seed") || i + 1 == args.Length)
            {
                fault = $"'{arg}' is not known here, or lacks its value.\n{Usage}";
                return null;
            }

            var value = args[++i];
            switch (arg)
            {
                case "--report":
                    settings = settings with { Report = value };
                    break;
                case "--seed" when int.TryParse(value, NumberStyles.None, null, out var seed):
                    settings = settings with { Seed = seed };
                    break;
                case "--only" when value.Split(',') is var only && only.All(scenarios.Contains):
                    settings = settings with { Only = only };
                    break;
                default:
                    fault = $"{arg} takes {(arg == "--seed" ? "a number" : string.Join(", ", scenarios))}, not '{value}'.\n{Usage}";
                    return null;
            }
        }

        return settings;
    }

    public bool Runs(string scenario) => Only.Count == 0 || Only.Contains(scenario);
}
