using System.Text.RegularExpressions;
using Cluster.Testing;

namespace Cluster.Tests;

/// <summary>The shape of the code: no two folders of a project need each other.</summary>
public sealed partial class FolderTests
{
    [Theory]
    [InlineData("Cluster.Core")]
    [InlineData("Cluster.Next.Grains")]
    [InlineData("Cluster.Next.Storage")]
    public void No_two_folders_of_a_project_need_each_other(string project)
    {
        var needs = Needs(project);

        var circles = needs.Keys
            .SelectMany(from => needs[from].Select(need => (from, need.To, need.File)))
            .Where(edge => Reaches(needs, edge.To, edge.from))
            .Select(edge => $"{edge.from} needs {edge.To} ({edge.File}), and {edge.To} needs {edge.from}")
            .ToList();

        Assert.True(circles.Count == 0, string.Join('\n', circles));
    }

    [Fact]
    public void A_project_of_the_new_house_refers_only_to_what_it_may()
    {
        Assert.Equal(["Cluster.Core"], References("Cluster.Next.Grains"));
        Assert.Equal(["Cluster.Core"], References("Cluster.Next.Storage"));
        Assert.Equal(["Cluster.Core", "Cluster.Next.Grains", "Cluster.Next.Storage"], References("Cluster.Next.Server"));
        Assert.Empty(References("Cluster.Core"));
    }

    private static Dictionary<string, HashSet<(string To, string File)>> Needs(string project)
    {
        var root = Path.Combine(Programs.Root, "src", project);
        var files = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => (Path: Path.GetRelativePath(root, file), Text: File.ReadAllText(file)))
            .Where(file => file.Path.Contains(Path.DirectorySeparatorChar))
            .Select(file => (Folder: file.Path[..file.Path.IndexOf(Path.DirectorySeparatorChar)], file.Path, file.Text))
            .Where(file => file.Folder is not ("obj" or "bin"))
            .ToList();
        var folders = files.Select(file => file.Folder).ToHashSet();
        Assert.NotEmpty(folders);
        var needs = folders.ToDictionary(folder => folder, _ => new HashSet<(string, string)>());
        foreach (var (folder, path, text) in files)
        {
            // `using Cluster.Core.Events;`, and `Core.Events.HostileText` or `Events.DedupeKeys` in the code itself.
            var named = Usings().Matches(text).Select(match => match.Groups[1].Value)
                .Where(space => space.StartsWith(project + ".", StringComparison.Ordinal))
                .Select(space => space[(project.Length + 1)..].Split('.')[0])
                .Concat(folders.Where(other => Regex.IsMatch(text, $@"(?<![\w.]|\busing )(?:Core\.|Grains\.|Storage\.)?{other}\.[A-Z]\w+[.(<;\[ ]") && !IsMember(text, other)));
            needs[folder].UnionWith(named.Where(other => other != folder && folders.Contains(other)).Select(other => (other, path)));
        }

        return needs;
    }

    // `Secrets.Count` is a property's, not a folder's, where the file has a member or a type of that name.
    private static bool IsMember(string text, string name) =>
        Regex.IsMatch(text, $@"(?:\w[\w<>?\[\], ]* {name} (?:{{|=>|=))|(?:\b(?:class|record|enum|struct) {name}\b)|(?:\w\.{name}\b)|\bcase {name}\b");

    private static bool Reaches(Dictionary<string, HashSet<(string To, string File)>> needs, string from, string to)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>([from]);
        while (open.TryPop(out var next))
        {
            if (next == to)
            {
                return true;
            }

            if (seen.Add(next))
            {
                foreach (var (further, _) in needs[next])
                {
                    open.Push(further);
                }
            }
        }

        return false;
    }

    private static List<string> References(string project) =>
    [
        .. ProjectReferences().Matches(File.ReadAllText(Path.Combine(Programs.Root, "src", project, $"{project}.csproj")))
            .Select(match => match.Groups[1].Value)
            .Order(StringComparer.Ordinal),
    ];

    [GeneratedRegex(@"^using (?:static )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Usings();

    [GeneratedRegex(@"<ProjectReference Include=""[^""]*/([\w.]+)\.csproj""")]
    private static partial Regex ProjectReferences();
}
