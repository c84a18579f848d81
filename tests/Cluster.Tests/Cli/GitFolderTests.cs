using System.Diagnostics;
using Cluster.Cli.Connect;
using Cluster.Cli.Connect.Git;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Cli;

public sealed class GitFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cluster-git-").FullName;

    [Theory]
    [InlineData("https://github.com/acme/api.git", "github.com/acme/api")]
    [InlineData("https://GitHub.com/Acme/API", "github.com/Acme/API")]
    [InlineData("https://user:ghp_secret@github.com/acme/api.git", "github.com/acme/api")]
    [InlineData("https://ghp_secret@github.com:443/acme/api/", "github.com/acme/api")]
    [InlineData("https://a@b:c@github.com/acme/api", "github.com/acme/api")]
    [InlineData("https://github.com/acme/api?token=secret#secret", "github.com/acme/api")]
    [InlineData("git@github.com:acme/api.git", "github.com/acme/api")]
    [InlineData("github.com:acme/api", "github.com/acme/api")]
    [InlineData("git@github.com:/acme/api.git", "github.com/acme/api")]
    [InlineData("ssh://git@github.com/acme/api.git", "github.com/acme/api")]
    [InlineData("ssh://git@git.example:2222/group/sub/api.git", "git.example/group/sub/api")]
    [InlineData("ssh://git@ssh.github.com:443/acme/api.git", "github.com/acme/api")]
    [InlineData("git@altssh.gitlab.com:acme/api.git", "gitlab.com/acme/api")]
    [InlineData("git://host.example./acme/api", "host.example/acme/api")]
    [InlineData("/srv/git/api.git", null)]
    [InlineData("../api", null)]
    [InlineData("./a:b/c", null)]
    [InlineData("file:///srv/git/acme/api.git", null)]
    [InlineData("ext::sh -c touch% /tmp/owned", null)]
    [InlineData(@"C:\work\acme\api", null)]
    [InlineData("C:/work/acme/api", null)]
    [InlineData("https://", null)]
    [InlineData("https://github.com", null)]
    [InlineData("https://github.com?/acme/api", null)]
    [InlineData("", null)]
    public void A_remote_is_read_as_host_and_path_and_nothing_that_is_secret(string url, string? expected) =>
        Assert.Equal(expected, GitRemote.Read(url));

    [Theory]
    [InlineData("https://github.com/acme/api.git", "github.com/acme/api")]
    [InlineData("ext::sh -c touch% /tmp/owned", null)]
    [InlineData("https://github.com/acme/..", null)]
    [InlineData("https://github.com/../api", null)]
    [InlineData("https://github.com/acme", null)]
    [InlineData("https://github.com/acme/a b", null)]
    [InlineData("https://github.com/acme/<script>", null)]
    [InlineData("https://github.com/acme/api\u202e", null)]
    [InlineData("https://[::1]/acme/api", null)]
    public void What_is_told_of_a_remote_has_the_form_of_a_repository(string url, string? expected)
    {
        Write(".git/config", $"[remote \"origin\"]\n\turl = {url}\n");

        Assert.Equal(expected, ProjectPlace.Read(_root).Repository);
    }

    [Theory]
    [InlineData("[remote \"origin\"]\n\turl = git@h:a/b\n", "git@h:a/b")]
    [InlineData("[Remote \"origin\"]\r\n  URL=git@h:a/b ; a comment\r\n", "git@h:a/b")]
    [InlineData("[remote \"origin\"] url = git@h:a/b", "git@h:a/b")]
    [InlineData("[remote \"origin\"]\nurl = \"git@h:a/#b\" # comment\n", "git@h:a/#b")]
    [InlineData("[remote \"origin\"]\nurl = git@h:a\\\n/b\n", "git@h:a/b")]
    [InlineData("[remote \"origin\"]\nurl = first\nurl = second\n", "first")]
    [InlineData("[remote \"origin\"]\n# url = git@h:a/b\npushurl = x\nfetch = +refs\n", null)]
    [InlineData("[core] url = no\n[remote \"origin\"]\nurl = yes\n", "yes")]
    [InlineData("[remote \"other\"]\nurl = git@h:a/b\n[branch \"origin\"]\nurl = no\n", null)]
    [InlineData("[remote \"Origin\"]\nurl = git@h:a/b\n", null)]
    [InlineData("[remote \"origin\"]\nurl\nurl =\n", null)]
    [InlineData("[remote \"origin\"", null)]
    [InlineData("]]][[[\"\\", null)]
    [InlineData("\0\0\0\u0001", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Only_the_first_address_of_origin_is_read(string? config, string? expected) => Assert.Equal(expected, GitFolder.OriginIn(config));

    [Theory]
    [InlineData("ref: refs/heads/main\n", "main")]
    [InlineData("ref: refs/heads/feature/a-b_c.d\r\n", "feature/a-b_c.d")]
    [InlineData("0123456789012345678901234567890123456789\n", null)]
    [InlineData("ref: refs/remotes/origin/main\n", null)]
    [InlineData("ref: refs/heads/\n", null)]
    [InlineData("ref: refs/heads/fix <b>\n", null)]
    [InlineData("ref: refs/heads/größe\n", null)]
    public void A_branch_is_told_where_there_is_one_of_a_plain_form(string head, string? expected)
    {
        Write(".git/HEAD", head);

        Assert.Equal(expected, ProjectPlace.Read(_root).Branch);
    }

    [Fact]
    public void A_folder_within_is_of_the_repository_above_it_and_only_its_last_name_is_told()
    {
        Write(".git/config", "[remote \"origin\"]\nurl = git@github.com:acme/api.git");
        Write(".git/HEAD", "ref: refs/heads/main");
        var within = Directory.CreateDirectory(Path.Combine(_root, "secret-customer", "app")).FullName;

        Assert.Equal(new Workplace { Repository = "github.com/acme/api", Branch = "main", Folder = "app" }, ProjectPlace.Read(within + Path.DirectorySeparatorChar));
    }

    [Fact]
    public void A_worktree_has_a_branch_of_its_own_and_the_repositorys_remote()
    {
        Write("main/.git/config", "[remote \"origin\"]\nurl = git@github.com:acme/api.git");
        Write("main/.git/HEAD", "ref: refs/heads/main");
        Write("main/.git/worktrees/fix/HEAD", "ref: refs/heads/fix");
        Write("main/.git/worktrees/fix/commondir", "../..\n");
        Write("fix/.git", $"gitdir: {Path.Combine(_root, "main", ".git", "worktrees", "fix")}\n");
        Write("relative/.git", "gitdir: ../main/.git/worktrees/fix\n");

        foreach (var folder in new[] { "fix", "relative" })
        {
            var place = ProjectPlace.Read(Path.Combine(_root, folder));
            Assert.Equal(("github.com/acme/api", "fix"), (place.Repository, place.Branch));
        }
    }

    [Fact]
    public void What_git_itself_makes_is_read()
    {
        if (!Git(_root, "init", "-q", "-b", "trunk", "real"))
        {
            Assert.Skip("There is no git here.");
        }

        var real = Path.Combine(_root, "real");
        Git(real, "remote", "add", "origin", "https://token:secret@github.com/acme/api.git");
        Git(real, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "x");
        Git(real, "worktree", "add", "-q", "-b", "feature/x", Path.Combine(_root, "tree"));
        Git(real, "pack-refs", "--all");
        var (trunk, tree) = (ProjectPlace.Read(real), ProjectPlace.Read(Path.Combine(_root, "tree")));
        Git(real, "checkout", "-q", "--detach");

        Assert.Equal(("github.com/acme/api", "trunk"), (trunk.Repository, trunk.Branch));
        Assert.Equal(("github.com/acme/api", "feature/x"), (tree.Repository, tree.Branch));
        Assert.Equal(("github.com/acme/api", null), (ProjectPlace.Read(real).Repository, ProjectPlace.Read(real).Branch));
    }

    [Fact]
    public void Strange_files_are_as_if_they_were_not_there()
    {
        Write(".git/config", new string('x', 2 * 1024 * 1024));
        Write(".git/HEAD", "ref: refs/heads/" + new string('a', 10_000));
        Write("loop/.git", "gitdir: " + Path.Combine(_root, "loop"));
        Write("away/.git", "gitdir: /nowhere/at/all");
        Write("none/.git", "gitdir: \0");
        Write("text/.git", "hello");

        Assert.Equal((null, null), GitFolder.Read(_root));
        foreach (var folder in new[] { "loop", "away", "none" })
        {
            Assert.Equal((null, null), GitFolder.Read(Path.Combine(_root, folder)));
        }

        Assert.Equal((null, null), GitFolder.Read(Path.Combine(_root, "not", "there")));
        Assert.Equal((null, null), GitFolder.Read("\0"));
    }

    [Fact]
    public async Task A_pipe_or_a_device_in_place_of_a_file_holds_nobody_up()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such files on Windows.");
        Directory.CreateDirectory(Path.Combine(_root, ".git"));
        using (var fifo = Process.Start("mkfifo", [Path.Combine(_root, ".git", "config"), Path.Combine(_root, "pipe")]))
        {
            await fifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        File.CreateSymbolicLink(Path.Combine(_root, ".git", "HEAD"), Path.Combine(_root, "pipe"));
        File.CreateSymbolicLink(Path.Combine(_root, ".git", "commondir"), "/dev/zero");

        var read = await Task.Run(() => GitFolder.Read(_root)).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal((null, null), read);
    }

    [Theory]
    [InlineData(@"C:\work\api", true)]
    [InlineData(@"d:\", true)]
    [InlineData(@"\\evil\s\x", false)]
    [InlineData(@"\??\UNC\evil\s\x", false)]
    [InlineData(@"\\?\UNC\evil\s\x", false)]
    [InlineData(@"\\.\UNC\evil\s\x", false)]
    [InlineData("//evil/s/x", false)]
    [InlineData(@"C:x", false)]
    [InlineData(@"\x", false)]
    [InlineData("", false)]
    public void Only_a_path_on_a_drive_of_windows_cannot_lead_to_another_machine(string path, bool expected) =>
        Assert.Equal(expected, GitFolder.IsOnDrive(path));

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private void Write(string path, string text)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private static bool Git(string folder, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true };
            start.Environment["GIT_CONFIG_GLOBAL"] = start.Environment["GIT_CONFIG_SYSTEM"] = Path.Combine(folder, "no-config");
            using var git = Process.Start(start)!;
            git.WaitForExit(20_000);
            return git.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
