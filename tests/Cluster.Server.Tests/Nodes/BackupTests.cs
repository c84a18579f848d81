using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Cluster.Testing;

namespace Cluster.Server.Tests.Nodes;

public sealed class BackupTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;

    private string File => Path.Combine(_folder, "cluster.backup");

    [Fact]
    public async Task A_restored_folder_serves_and_what_waited_at_the_backup_arrives()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        var bob = await node.InviteAsync("bob");
        await node.AllowAsync("console:bob", "api", "talk");
        var github = await node.AddSourceAsync("api");
        var token = node.AdminToken;
        var waiting = await node.TellAsync("admin/api", "before the backup", bob);
        await BackUpAsync(node);
        await node.TellAsync("api", "after the backup");
        await node.StopAsync();
        var data = Path.Combine(node.Folder, "data");
        var key = await System.IO.File.ReadAllBytesAsync(Path.Combine(data, "key"));

        Directory.Delete(data, recursive: true);
        Directory.CreateDirectory(data);
        System.IO.File.Copy(File, Path.Combine(data, "cluster.db"));
        await System.IO.File.WriteAllBytesAsync(Path.Combine(data, "key"), key);
        await node.StartAgainAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, token, "api"); // tokens of before the backup are good
        var pushed = await client.NextAsync();
        await node.UntilAsync("api", waiting, "received");
        using var sent = await github.SendAsync(GitHubSender.CheckRun);
        var next = await client.NextAsync();

        Assert.Equal(waiting, pushed["params"]!["meta"]!["event_id"]!.GetValue<string>());
        Assert.Equal("before the backup", pushed["params"]!["content"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
        Assert.Equal("webhook", next["params"]!["meta"]!["kind"]!.GetValue<string>()); // and nothing between: what came later is gone
        Assert.NotEqual(token, node.AdminToken); // a new file for the admin of the new folder
    }

    [Fact]
    public async Task Restored_without_its_key_it_refuses_to_start_and_says_what_is_missing()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await node.AddSourceAsync("api");
        await BackUpAsync(node);
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        System.IO.File.Copy(File, Path.Combine(_folder, "data", "cluster.db"));

        await using var restored = Programs.StartNode(_folder, Programs.FreePort());
        var code = await restored.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains("The key is missing", restored.Errors);
    }

    [Fact]
    public async Task The_file_is_its_owners_only_and_holds_no_key()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await node.TellAsync("api", "hello");
        var data = Path.Combine(node.Folder, "data");
        var before = Directory.GetFiles(data).Order();

        var said = await BackUpAsync(node);
        var bytes = Encoding.Latin1.GetString(await System.IO.File.ReadAllBytesAsync(File));
        var key = await System.IO.File.ReadAllTextAsync(Path.Combine(data, "key"));

        Assert.Contains("The key is not in it", said);
        Assert.Contains("as cluster.db and the key file as key", said);
        Assert.True(OperatingSystem.IsWindows() || System.IO.File.GetUnixFileMode(File) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Equal([File], Directory.GetFiles(_folder));
        Assert.Equal(before, Directory.GetFiles(data).Order());
        Assert.DoesNotContain(Latin1(Convert.FromBase64String(key)), bytes);
        Assert.DoesNotContain(key, bytes);
        Assert.DoesNotContain(node.AdminToken, bytes);
        Assert.Contains("console:admin", bytes); // the search can find something
    }

    [Fact]
    public async Task A_file_that_is_there_is_left_alone()
    {
        await using var node = await NodeHost.StartAsync();
        await System.IO.File.WriteAllTextAsync(File, "yesterday's");

        await using var cluster = Programs.StartCluster(Path.Combine(node.Folder, "home"), "backup", File);
        var code = await cluster.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains("is there already", cluster.Errors);
        Assert.Equal("yesterday's", await System.IO.File.ReadAllTextAsync(File));
    }

    [Fact]
    public async Task Only_an_admin_gets_it()
    {
        await using var node = await NodeHost.StartAsync();
        using var admin = node.Api();
        using var bob = node.Api(await node.InviteAsync("bob"));

        using var refused = await bob.PostAsync("/api/backup", null);
        using var given = await admin.PostAsync("/api/backup", null);

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("Only an admin", await refused.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, given.StatusCode);
    }

    [Fact]
    public async Task On_PostgreSQL_the_refusal_names_the_commands_and_they_do_it()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var node = await NodeHost.StartAsync(
            [$"--Cluster:Engine={database};Password=hunter2", $"--CLUSTER_KEY={Convert.ToBase64String(new byte[32])}"]);
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        var waiting = await node.TellAsync("api", "before the backup");

        await using var cluster = Programs.StartCluster(Path.Combine(node.Folder, "home"), "backup", File);
        var code = await cluster.ExitAsync();
        var commands = Regex.Matches(cluster.Errors, "(pg_dump|pg_restore) .*? (?=—)").Select(match => match.Value.Trim()).ToList();
        await RunAsync(commands[0]);
        var later = await node.TellAsync("api", "after the backup");
        await node.StopAsync();
        await RunAsync(commands[1]);
        await node.StartAgainAsync();
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var pushed = await client.NextAsync();
        using var sent = await github.SendAsync(GitHubSender.CheckRun);
        var next = await client.NextAsync();

        Assert.Equal(1, code);
        Assert.DoesNotContain("hunter2", cluster.Errors);
        Assert.Contains("CLUSTER_KEY is not in it", cluster.Errors);
        Assert.NotEqual(waiting, later);
        Assert.Equal(waiting, pushed["params"]!["meta"]!["event_id"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
        Assert.Equal("webhook", next["params"]!["meta"]!["kind"]!.GetValue<string>());
        Assert.Equal(["cluster.dump"], Directory.GetFiles(_folder).Select(Path.GetFileName));
        await node.StopAsync();
        await PostgresServer.DropDatabaseAsync(database);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<string> BackUpAsync(NodeHost node)
    {
        await using var cluster = Programs.StartCluster(Path.Combine(node.Folder, "home"), "backup", File);
        var said = new StringBuilder();
        for (var line = await cluster.LineWithAsync("Backed up to"); ; line = await cluster.LineAsync())
        {
            said.AppendLine(line);
            if (line.StartsWith("To restore", StringComparison.Ordinal))
            {
                break;
            }
        }

        Assert.Equal(0, await cluster.ExitAsync());
        return said.ToString();
    }

    private async Task RunAsync(string command)
    {
        var words = command.Split(' ');
        await using var tool = ChildProcess.Start(PostgresServer.Binary(words[0]), words[1..], folder: _folder);
        Assert.Equal((0, ""), (await tool.ExitAsync(), tool.Errors));
    }

    private static string Latin1(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
