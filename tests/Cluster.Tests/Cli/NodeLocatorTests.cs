using System.Text.Json;
using Cluster.Cli.Connect;
using Cluster.Cli.Nodes;
using Cluster.Core.Api;

namespace Cluster.Tests.Cli;

public sealed class NodeLocatorTests : IDisposable
{
    private readonly TemporaryHome _home = new();
    private readonly Dictionary<string, string> _environment;

    public NodeLocatorTests() => _environment = new() { ["CLUSTER_HOME"] = _home.Path };

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task The_first_of_option_environment_login_and_local_node_wins()
    {
        WriteLocalNode("http://local:1");
        var local = Found(Find());
        await _home.LogInAsync("http://login:1", "clt_login");
        var login = Found(Find());
        _environment["CLUSTER_URL"] = "http://environment:1";
        _environment["CLUSTER_TOKEN"] = "clt_environment";
        var environment = Found(Find());
        var option = Found(Find(new NodeChoice("http://option:1", _home.Write("token", "clt_option"))));

        Assert.Equal(("http://local:1", "clt_local"), (local.Node.Display, local.Node.Token));
        Assert.Equal(("http://login:1", "clt_login"), (login.Node.Display, login.Node.Token));
        Assert.Equal([_home.Local], login.Passed);
        Assert.Equal(("http://environment:1", "clt_environment"), (environment.Node.Display, environment.Node.Token));
        Assert.Equal(("http://option:1", "clt_option"), (option.Node.Display, option.Node.Token));
    }

    [Fact]
    public async Task A_stored_token_never_goes_to_another_address()
    {
        await _home.LogInAsync("http://login:1", "clt_login");

        var other = Find(new NodeChoice("http://elsewhere:1"));
        var same = Find(new NodeChoice("http://login:1/"));

        Assert.Contains("No token is known for http://elsewhere:1", Assert.IsType<NodeSearch.NotFound>(other).Sentence);
        Assert.Equal("clt_login", Found(same).Node.Token);
    }

    [Fact]
    public async Task What_a_login_keeps_is_its_owners_only_also_where_it_was_open()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode ForOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        const UnixFileMode ForAll = ForOwner | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.SetUnixFileMode(_home.Path, ForAll | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        await _home.LogInAsync("http://login:1", "clt_login");
        var folder = File.GetUnixFileMode(_home.Path);
        File.SetUnixFileMode(_home.Credentials, ForAll);

        Find();

        Assert.Equal(ForOwner | UnixFileMode.UserExecute, folder);
        Assert.Equal(ForOwner, File.GetUnixFileMode(_home.Credentials));
    }

    [Fact]
    public async Task A_folder_with_other_things_is_not_closed_by_a_login()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        _home.Write("thesis.txt", "");
        var before = File.GetUnixFileMode(_home.Path) | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_home.Path, before);

        await _home.LogInAsync("http://login:1", "clt_login");

        Assert.Equal(before, File.GetUnixFileMode(_home.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_home.Credentials));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"url":"http://a","url":"http://b","principal":"a","tokenId":"1","token":"t"}""")]
    [InlineData("""{"url":"http://a","principal":"a","tokenId":"1","token":"two words"}""")]
    [InlineData("""{"url":"file:///etc","principal":"a","tokenId":"1","token":"t"}""")]
    public void A_broken_login_file_is_named(string content)
    {
        _home.Write("credentials.json", content);

        var search = Find();

        Assert.Contains(_home.Credentials, Assert.IsType<NodeSearch.NotFound>(search).Sentence);
    }

    [Theory]
    [InlineData("api", "from-env", null, "api", true)]
    [InlineData("Bob/My App", null, null, "bob/my-app", true)]
    [InlineData(null, "from-env", "/x/project", "from-env", false)]
    [InlineData(null, null, "/x/My Project/", "my-project", false)]
    public void The_session_is_named_by_option_environment_or_project_folder_and_claimed_by_option_only(
        string? given, string? variable, string? folder, string expected, bool claims)
    {
        var wish = SessionWish.Choose(given, key => key switch
        {
            "CLUSTER_SESSION" => variable,
            "CLAUDE_PROJECT_DIR" => folder,
            _ => null,
        });

        Assert.Equal((expected, claims), (wish.Name, wish.Claims));
    }

    private static NodeSearch.Found Found(NodeSearch search) => Assert.IsType<NodeSearch.Found>(search);

    private NodeSearch Find(NodeChoice? choice = null) =>
        new NodeLocator(choice ?? new NodeChoice(), name => _environment.GetValueOrDefault(name)).Find();

    private void WriteLocalNode(string url)
    {
        var local = new LocalNode { Url = url, TokenFile = _home.Write("admin-token", "clt_local\n"), ProcessId = 1 };
        _home.Write("local.json", JsonSerializer.Serialize(local, ApiJson.Default.LocalNode));
    }
}
