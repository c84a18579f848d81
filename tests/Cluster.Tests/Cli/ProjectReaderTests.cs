using Cluster.Cli.Connect;
using Cluster.Cli.Connect.Git;
using Cluster.Cli.Nodes;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Cli;

/// <summary>Which folders are one project.</summary>
public sealed class ProjectReaderTests : IDisposable
{
    private const string Machine = "machine-1";

    private static readonly string[] Readable = ["api", "2026", "My Project", "клиент-api"];

    private readonly string _root = Directory.CreateTempSubdirectory("cluster-project-").FullName;

    [Theory]
    [InlineData("https://github.com/acme/api", "git@github.com:acme/api.git")]
    [InlineData("https://github.com/acme/api", "https://alice:ghp_secret@github.com/Acme/API.git/")]
    [InlineData("https://github.com/acme/api", "https://ghp_secret@github.com:443/acme/api")]
    [InlineData("https://github.com/acme/api", "ssh://org-1234@ssh.github.com:443/acme/api.git")]
    [InlineData("https://git.example/acme/api", "git@git.example:acme/api.git")]
    [InlineData("https://git.example/acme/api", "ssh://git@GIT.example.:22/acme/api")]
    [InlineData("https://git.example/acme/api", "https://user:secret@git.example/acme/api.git?token=secret")]
    [InlineData("https://git.example:8443/acme/api", "https://u@git.example:8443/acme/api/")]
    public void One_remote_in_two_spellings_is_one_repository_and_credentials_count_for_nothing(string one, string other)
    {
        Assert.NotNull(GitRemote.Identify(one));
        Assert.Equal(GitRemote.Identify(one), GitRemote.Identify(other));
        Assert.DoesNotContain("secret", GitRemote.Identify(other));
    }

    [Theory]
    [InlineData("https://github.com/acme/api", "https://github.com/bob/api")]
    [InlineData("https://github.com/acme/api", "https://gitlab.com/acme/api")]
    [InlineData("https://git.example/acme/api", "https://git.example/Acme/api")]
    [InlineData("https://git.example/acme/api", "https://git.example:8443/acme/api")]
    [InlineData("ssh://git@git.example:2222/acme/api", "ssh://git@git.example:2223/acme/api")]
    [InlineData("alice@host.example:api.git", "bob@host.example:api.git")]
    [InlineData("alice@host.example:srv/api.git", "alice@host.example:/srv/api.git")]
    [InlineData("https://[2001:db8::1]/acme/api", "https://[2001:db8::2]/acme/api")]
    public void Two_repositories_are_never_taken_for_one(string one, string other)
    {
        Assert.NotNull(GitRemote.Identify(one));
        Assert.NotNull(GitRemote.Identify(other));
        Assert.NotEqual(GitRemote.Identify(one), GitRemote.Identify(other));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../api")]
    [InlineData("/srv/git/api.git")]
    [InlineData("file:///srv/git/api.git")]
    [InlineData("https://localhost:3000/acme/api")]
    [InlineData("https://127.0.0.1/acme/api")]
    [InlineData("https://[::1]:3000/acme/api")]
    [InlineData("git@[::1]:acme/api")]
    [InlineData("https://github.com/")]
    [InlineData("https:///acme/api")]
    public void What_means_another_repository_on_another_machine_identifies_none(string url) => Assert.Null(GitRemote.Identify(url));

    [Fact]
    public void Clones_worktrees_and_machines_of_one_repository_are_one_project_and_a_fork_is_another()
    {
        Clone("one/api", "git@github.com:acme/api.git");
        Clone("two/api", "https://token:secret@github.com/acme/api");
        Clone("fork/api", "git@github.com:bob/api.git");
        Write("one/api/.git/worktrees/fix/commondir", "../..\n");
        Write("tree/.git", $"gitdir: {Path.Combine(_root, "one", "api", ".git", "worktrees", "fix")}\n");

        var key = Read("one/api").Key;

        Assert.Equal([key, key, key], new[] { Read("two/api"), Read("tree"), Read("one/api", "machine-2") }.Select(project => project.Key));
        Assert.NotEqual(key, Read("fork/api").Key);
        Assert.True(Project.IsKey(key));
    }

    [Fact]
    public void Folders_without_a_remote_are_told_apart_by_their_path_and_machine()
    {
        Directory.CreateDirectory(Path.Combine(_root, "a", "api"));
        Directory.CreateDirectory(Path.Combine(_root, "b", "api"));
        Directory.CreateSymbolicLink(Path.Combine(_root, "link"), Path.Combine(_root, "a"));
        Directory.CreateSymbolicLink(Path.Combine(_root, "circle"), Path.Combine(_root, "circle"));
        Clone("local/api", "../elsewhere.git");

        Assert.NotEqual(Read("a/api").Key, Read("b/api").Key);
        Assert.NotEqual(Read("a/api").Key, Read("a/api", "machine-2").Key);
        Assert.NotEqual(Read("local/api").Key, Read("local/api", "machine-2").Key);
        Assert.Equal(Read("a/api"), Read("link/api"));
        Assert.Equal(Read("a/api"), Read("a/api" + Path.DirectorySeparatorChar));
        Assert.True(Project.IsKey(Read("circle/api").Key));
        Assert.True(Project.IsKey(Read("not/there").Key));
    }

    [Fact]
    public void A_folder_that_becomes_a_repository_and_then_gets_a_remote_is_known_by_what_it_was()
    {
        Directory.CreateDirectory(Path.Combine(_root, "api"));
        var plain = Read("api");
        Write("api/.git/HEAD", "ref: refs/heads/main\n");
        var local = Read("api");
        Clone("api", "git@github.com:acme/api.git");
        var pushed = Read("api");

        Assert.Equal((plain.Key, null), (local.Key, local.Earlier));
        Assert.Equal(plain.Key, pushed.Earlier);
        Assert.NotEqual(plain.Key, pushed.Key);
        Assert.True(pushed.Is(plain.Key));
        Assert.False(plain.Is(pushed.Key));
        Assert.False(pushed.Is(null));
    }

    [Fact]
    public void Two_folders_of_one_name_in_one_repository_are_two_projects()
    {
        Clone("mono", "git@github.com:acme/mono.git");
        Clone("mono2", "git@github.com:acme/mono.git");
        foreach (var folder in new[] { "mono/x/api", "mono/y/api", "mono2/x/api" })
        {
            Directory.CreateDirectory(Path.Combine(_root, folder));
        }

        Assert.NotEqual(Read("mono/x/api").Key, Read("mono/y/api").Key);
        Assert.Equal(Read("mono/x/api").Key, Read("mono2/x/api").Key);
    }

    [Fact]
    public void A_machine_keeps_its_own_random_word()
    {
        var (one, other) = (new ClusterHome(Path.Combine(_root, "home1")), new ClusterHome(Path.Combine(_root, "home2")));

        var ids = Enumerable.Range(0, 20).AsParallel().Select(_ => MachineId.Read(one)).Distinct().ToList();

        Assert.Equal(MachineId.Read(one), Assert.Single(ids));
        Assert.NotEqual(ids[0], MachineId.Read(other));
        Assert.Equal(["machine"], Directory.GetFiles(one.Folder).Select(Path.GetFileName));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(one.Folder, "machine")));
        }
    }

    [Fact]
    public void A_home_that_cannot_be_written_still_gives_a_machine_a_word()
    {
        Write("file", "");

        Assert.NotEqual("", MachineId.Read(new ClusterHome(Path.Combine(_root, "file", "home"))));
    }

    [Fact]
    public void Folders_in_another_writing_have_names_of_their_own_that_stay()
    {
        Clone("新聞/天気", "git@github.com:acme/weather.git");
        string[] folders = ["新聞", "клиент", "新聞2", "session", "a/клиент"];

        var names = folders.Select(Name).ToList();

        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^project-[0-9a-f]{4}$", name));
        Assert.Equal(names, folders.Select(Name));
        Assert.Equal("weather", Name("新聞/天気"));
        Assert.Equal(["api", "2026", "my-project", "api"], Readable.Select(Name));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private Project Read(string folder, string machine = Machine) => ProjectReader.Read(Path.Combine(_root, folder), machine);

    private string Name(string folder) => SessionWish.Choose(null, key => key switch
    {
        "CLAUDE_PROJECT_DIR" => Path.Combine(_root, folder),
        "CLUSTER_HOME" => Path.Combine(_root, "home"),
        _ => null,
    }).Name;

    private void Clone(string folder, string remote) => Write($"{folder}/.git/config", $"[remote \"origin\"]\n\turl = {remote}\n");

    private void Write(string path, string text)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
