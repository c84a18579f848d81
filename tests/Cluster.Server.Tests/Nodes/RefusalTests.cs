using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Cluster.Server.Nodes;
using Cluster.Testing;

namespace Cluster.Server.Tests.Nodes;

/// <summary>What a node is told wrong, and what it says: one sentence, exit 1, and nothing made.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;

    [Theory]
    [InlineData("--demoo", "no option or setting --demoo; did you mean --demo?")]
    [InlineData("--hepl", "no option or setting --hepl; did you mean --help?")]
    [InlineData("start", "'start' is neither")]
    [InlineData("--Cluster:Limits:Mailbox=5", "--Cluster:Limits:Mailbox; did you mean --Cluster:Limits:MailboxWaiting?")]
    [InlineData("--Cluster__DrainSeconds=5", "--Cluster__DrainSeconds; did you mean --Cluster:DrainSeconds?")]
    [InlineData("--AdminToken=hunter2", "--AdminToken; did you mean --Cluster:AdminToken?")]
    [InlineData("-x=5", "no option or setting -x")]
    [InlineData("--Cluster:ForgetSecrets", "--Cluster:ForgetSecrets needs a value")]
    [InlineData("--Cluster:ForgetSecrets=maybe", "'Cluster:ForgetSecrets'")]
    [InlineData("--urls=nonsense", "cannot listen at 'nonsense'")]
    [InlineData("--urls=http://127.0.0.1:99999", "cannot listen at 'http://127.0.0.1:99999'")]
    [InlineData("--urls=http://203.0.113.1:5230", "is not an address of this machine")]
    [InlineData("--Logging:LogLevel:Default=loud", "'loud'")]
    public async Task What_is_not_known_or_cannot_be_used_is_told_in_one_sentence_and_nothing_is_made(string argument, string sentence)
    {
        await using var node = Start([argument]);

        var code = await node.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains(sentence, node.Errors);
        Assert.DoesNotContain("hunter2", node.Errors);
        Assert.Single(node.Errors.Split('\n'));
        await Assert.ThrowsAsync<InvalidOperationException>(() => node.LineAsync()); // nor a word on standard output
        Assert.Empty(Directory.GetFileSystemEntries(_folder).Except(argument.StartsWith("--Logging", StringComparison.Ordinal) ? [Path.Combine(_folder, "data")] : (string[])[]));
    }

    [Theory]
    [InlineData("Cluster__Limts__Mailbox", "Cluster:Limts:Mailbox (in the environment Cluster__Limts__Mailbox); did you mean Cluster:Limits:MailboxWaiting?")]
    [InlineData("Cluster__Dat", "did you mean Cluster:Data?")]
    public async Task A_setting_in_the_environment_that_is_none_is_named(string variable, string sentence)
    {
        await using var node = Start([], new Dictionary<string, string?> { [variable] = "5" });

        var code = await node.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains(sentence, node.Errors);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("--demo", "--help")]
    public async Task Help_lists_options_and_settings_and_starts_nothing(params string[] arguments)
    {
        await using var node = Start(arguments);

        var options = await node.LineWithAsync("--demo");
        var setting = await node.LineWithAsync("Cluster:Limits:MailboxWaiting");
        var code = await node.ExitAsync();

        Assert.Equal(0, code);
        Assert.Contains("free port", options);
        Assert.NotEmpty(setting);
        Assert.Equal("", node.Errors);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("0.0.0.0")]
    public async Task An_address_in_use_is_told_in_one_sentence_before_anything_is_made(string host)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var url = $"http://{host}:{((IPEndPoint)taken.LocalEndpoint).Port}";
        await using var node = Start([$"--urls={url}"]);

        var code = await node.ExitAsync();

        Assert.Equal(1, code);
        Assert.StartsWith($"{url} is in use by another program; ", node.Errors);
        Assert.Single(node.Errors.Split('\n'));
        await Assert.ThrowsAsync<InvalidOperationException>(() => node.LineAsync());
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("key", "The key file ")]
    [InlineData("admin-token", "The admin's token cannot be written")]
    public async Task A_file_of_the_data_folder_that_is_none_is_named(string name, string sentence)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data", name));
        await using var node = Start([$"--urls=http://127.0.0.1:{Programs.FreePort()}"]);

        var code = await node.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains(sentence, node.Errors);
        Assert.Single(node.Errors.Split('\n'));
    }

    [Fact]
    public void Every_setting_of_the_node_is_known_and_none_besides()
    {
        Assert.Equal(
            Names("Cluster", typeof(ClusterOptions)).Order(StringComparer.Ordinal),
            KnownSettings.OfNode.Select(setting => setting.Name).Order(StringComparer.Ordinal));
        Assert.All(KnownSettings.OfNode, setting => Assert.True(KnownSettings.IsKnown(setting.Name.ToUpperInvariant())));
        Assert.True(KnownSettings.IsKnown("Cluster:TrustedProxies:12"));
        Assert.False(KnownSettings.IsKnown("Cluster:TrustedProxies:x"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static IEnumerable<string> Names(string at, Type options) =>
        from property in options.GetProperties(BindingFlags.Instance | BindingFlags.Public)
        where property.CanWrite
        from name in property.PropertyType == typeof(IList<string>) ? [$"{at}:{property.Name}:0"]
            : property.PropertyType.Namespace == typeof(ClusterOptions).Namespace ? Names($"{at}:{property.Name}", property.PropertyType)
            : [$"{at}:{property.Name}"]
        select name;

    private ChildProcess Start(string[] arguments, Dictionary<string, string?>? environment = null) =>
        ChildProcess.Start(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Cluster.Server.dll"),
                $"--Cluster:Data={Path.Combine(_folder, "data")}", $"--Cluster:Home={Path.Combine(_folder, "home")}",
                .. arguments,
            ],
            environment,
            _folder);
}
