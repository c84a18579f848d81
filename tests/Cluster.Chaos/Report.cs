namespace Cluster.Chaos;

/// <summary>Prints lines, keeps them for the report file, and remembers whether all was well.</summary>
internal sealed class Report(string? file)
{
    private readonly List<string> _lines = [];

    public bool Kept { get; private set; } = true;

    public void Line(string line)
    {
        Console.WriteLine(line);
        _lines.Add(line);
        if (file is not null)
        {
            File.WriteAllLines(file, _lines);
        }
    }

    /// <param name="name">What was tried.</param>
    /// <param name="kept">True when it went as it must.</param>
    /// <param name="word">How it went, in one word.</param>
    /// <param name="figures">What was measured.</param>
    public void Verdict(string name, bool kept, string word, string figures)
    {
        Kept &= kept;
        Line($"{(kept ? "ok" : "FAIL"),-5} {name,-24} {word,-10} {figures}");
    }
}
