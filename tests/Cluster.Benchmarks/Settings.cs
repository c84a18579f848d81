using System.Globalization;

namespace Cluster.Benchmarks;

/// <summary>What the command line asks for.</summary>
internal sealed record Settings
{
    private const string Usage =
        "usage: Cluster.Benchmarks [signatures | routes | webhooks | accept | append | latency | cluster | postgres | deliver | across | attachments | chats | burst | next | all] [--only NAME,NAME] [--seconds N] [--pairs N] [--events N] [--report-only]";

    private static readonly string[] Names = ["signatures", "routes", "webhooks", "accept", "append", "latency", "cluster", "postgres", "deliver", "across", "attachments", "chats", "burst", "next", "all"];

    public string Which { get; private init; } = "all";

    /// <summary>The parts of <c>next</c> that are run; empty for all.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    /// <summary>Length of one leg.</summary>
    public double Seconds { get; private init; } = 5;

    /// <summary>How often the legs are run, one after the other.</summary>
    public int Pairs { get; private init; } = 5;

    /// <summary>Events of each kind that the latency is taken from.</summary>
    public int Events { get; private init; } = 500;

    /// <summary>A broken promise is printed and does not fail the run.</summary>
    public bool ReportOnly { get; private init; }

    public bool Runs(string name, bool cluster = false) => Which == name || Which == "all" || (cluster && Which == "cluster");

    public static Settings? Read(string[] args, out string fault)
    {
        var settings = new Settings();
        fault = "";
        for (var i = 0; i < args.Length; i++)
        {
            var arg = args[i];
            if (Names.Contains(arg))
            {
                settings = settings with { Which = arg };
                continue;
            }

            if (arg == "--report-only")
            {
                settings = settings with { ReportOnly = true };
                continue;
            }

            if (arg == "--only" && i + 1 < args.Length)
            {
                settings = settings with { Only = args[++i].Split(',') };
                continue;
            }

            if (arg is not ("--seconds" or "--pairs" or "--events"))
            {
                fault = $"'{arg}' is not known here.\n{Usage}";
                return null;
            }

            var value = i + 1 < args.Length ? args[++i] : "nothing";
            if (!double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                || number <= 0
                || (arg != "--seconds" && number != Math.Truncate(number)))
            {
                fault = $"{arg} takes a number above 0, not '{value}'.\n{Usage}";
                return null;
            }

            settings = arg switch
            {
                "--seconds" => settings with { Seconds = number },
                "--pairs" => settings with { Pairs = (int)number },
                _ => settings with { Events = (int)number },
            };
        }

        return settings;
    }
}
