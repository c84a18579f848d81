using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Cluster.Cli;

namespace Cluster.Tests.Cli;

public sealed partial class ReadmeCommandTests
{
    [Fact]
    public void Every_command_in_the_readme_is_one_and_takes_the_options_that_it_shows()
    {
        var root = Commands.Create();
        var faults = new List<string>();
        var shown = Shown().ToList();

        foreach (var line in shown)
        {
            faults.AddRange(Unknown(root.Parse([.. Words(line)])).Select(word => $"{word} in: cluster {line}"));
        }

        Assert.True(shown.Count > 40, $"{shown.Count} commands were found.");
        Assert.Empty(faults);
    }

    [Fact]
    public void A_command_or_option_that_is_none_is_found()
    {
        var root = Commands.Create();

        Assert.Equal(["nonsense"], Unknown(root.Parse(["nonsense"])));
        Assert.Equal(["ad"], Unknown(root.Parse(["source", "ad"])));
        Assert.Equal(["--jsn"], Unknown(root.Parse(["doctor", "--jsn"])));
        Assert.Equal(["--jsn"], Unknown(root.Parse(["sessions", "--jsn"])));
        Assert.Empty(Unknown(root.Parse(["source", "add"])));
    }

    // What must be given and is not is no fault here: the text may name a command alone.
    private static IEnumerable<string> Unknown(ParseResult parsed) =>
        parsed.UnmatchedTokens
            .Concat(parsed.Tokens.Where(token => token.Type == TokenType.Argument && token.Value.StartsWith("--", StringComparison.Ordinal)).Select(token => token.Value))
            .Distinct();

    private static IEnumerable<string> Shown()
    {
        var readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "README.md"));
        return Command().Matches(readme)
            .Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value)
            .Select(line => End().Replace(line.Replace("\n", " ", StringComparison.Ordinal), ""));
    }

    private static IEnumerable<string> Words(string line) =>
        Word().Matches(line).Select(match => match.Value.Trim('"')).Select(word => word == "TYPE" ? "github" : word); // any kind of source

    private static string Here([CallerFilePath] string path = "") => path;

    // On a line of its own in a block, or between backticks in the text.
    [GeneratedRegex(@"(?:^cluster (.+)$)|(?:`cluster ([a-z-][^`]*)`)", RegexOptions.Multiline)]
    private static partial Regex Command();

    // A comment, a pipe, or where the output goes.
    [GeneratedRegex(@"(?:\s+#|\s*[|>&]).*$")]
    private static partial Regex End();

    [GeneratedRegex("\"[^\"]*\"|[^\\s\"]+")]
    private static partial Regex Word();
}
