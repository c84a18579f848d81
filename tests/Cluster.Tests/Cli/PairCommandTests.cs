using System.Text.Json;
using Cluster.Cli.Chats;
using QRCoder;

namespace Cluster.Tests.Cli;

public sealed class PairCommandTests : IDisposable
{
    private const string Bots = """
        [{"name":"team","platform":"telegram","accountId":"1","accountName":"team_bot","pairingLink":"https://t.me/team_bot?start=","waiting":0},
         {"name":"ops","platform":"discord","accountId":"2","accountName":"ops","waiting":0}]
        """;

    private static readonly string Pairing = $$"""{"code":"2345-bcdfghjkmn","expiresAt":"2030-01-01T00:00:00Z","bots":{{Bots}}}""";

    private readonly TemporaryHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_picture_has_every_module_of_the_code_in_its_place()
    {
        const string Link = "https://t.me/team_bot?start=2345-bcdfghjkmn";
        using var code = new QRCodeGenerator().CreateQrCode(Link, QRCodeGenerator.ECCLevel.L);

        var lines = QrPicture.Of(Link).TrimEnd('\r', '\n').Split('\n').Select(line => line.TrimEnd('\r')).ToArray();

        var size = code.ModuleMatrix.Count;
        Assert.Equal((size + 1) / 2, lines.Length);
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++)
            {
                var light = lines[y / 2][x] == '█' || lines[y / 2][x] == (y % 2 == 0 ? '▀' : '▄');
                Assert.Equal(code.ModuleMatrix[y][x], !light);
            }
        }
    }

    [Fact]
    public async Task The_link_of_each_bot_that_has_one_is_a_QR_code_when_it_is_asked_for()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        node.Api["POST /api/pairings"] = context => FakeNode.JsonAsync(context, 200, Pairing);

        var plain = await ClusterProcess.RunAsync(_home, "pair", "--no-wait");
        var drawn = await ClusterProcess.RunAsync(_home, "pair", "--no-wait", "--qr");
        var json = await ClusterProcess.RunAsync(_home, "pair", "--json", "--qr");

        Assert.DoesNotContain('█', plain.Output);
        Assert.Contains("@team_bot at telegram: https://t.me/team_bot?start=2345-bcdfghjkmn", drawn.Output);
        var picture = QrPicture.Of("https://t.me/team_bot?start=2345-bcdfghjkmn");
        Assert.Contains($"it opens @team_bot:{Environment.NewLine}{picture}It works once", drawn.Output);
        Assert.Equal("2345-bcdfghjkmn", JsonDocument.Parse(json.Output).RootElement.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("pair", "--open", "0m")]
    [InlineData("pair", "--open", "61m")]
    [InlineData("pair", "--open", "1h")]
    [InlineData("pair", "--open")]
    [InlineData("pair", "2345-bcdfghjkmn", "--close")]
    [InlineData("pair", "--open", "5m", "--close")]
    public async Task What_makes_no_sense_is_refused_before_anything_is_asked(params string[] arguments)
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");

        var ran = await ClusterProcess.RunAsync(_home, arguments);

        Assert.NotEqual(0, ran.ExitCode);
        Assert.StartsWith("cluster: ", ran.OneErrorLine);
    }

    [Fact]
    public async Task What_a_stranger_calls_themselves_and_writes_steers_no_terminal()
    {
        await using var node = await FakeNode.StartAsync();
        await _home.LogInAsync(node.Url, "clt_test");
        var asked = new List<string>();
        node.Api["POST /api/pairings/confirm"] = async context =>
        {
            asked.Add(await new StreamReader(context.Request.Body).ReadToEndAsync());
            await FakeNode.JsonAsync(
                context,
                200,
                $$"""{"who":{"identity":"telegram:184","name":"\u001b[2JAlice”) to root","text":"a\nb\u202e","askedAt":"2030-01-01T00:00:00Z"},"principal":"alice","linked":{{(asked.Count > 1 ? "true" : "false")}}}""");
        };

        var ran = await ClusterProcess.RunAsync(_home, "pair", "2345-bcdfghjkmn", "--yes");

        Assert.Equal(0, ran.ExitCode);
        Assert.Equal(
            "telegram:184 (“[2JAlice\") to root”) speaks as alice now. If that is wrong: cluster identities unlink telegram:184",
            ran.Output.TrimEnd());
        Assert.Equal(["""{"code":"2345-bcdfghjkmn"}""", """{"code":"2345-bcdfghjkmn","identity":"telegram:184"}"""], asked);
    }
}
