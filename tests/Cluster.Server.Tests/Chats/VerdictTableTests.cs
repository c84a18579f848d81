using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>Whose doing counts as a verdict, done how, on which request: exactly what the table says.</summary>
public sealed class VerdictTableTests
{
    private static readonly string[] Ways = ["button", "text", "reply", "reaction", "edited", "command"];

    // By way: the button; words with the id; the word alone in answer to the prompt; a reaction; an edited message, of both kinds of words;
    // the command /allow, written. An x decides.
    private const string Expected = """
        actor     open    decided expired
        owner     xxx...  ......  ......
        approver  xxx...  ......  ......
        talker    ......  ......  ......
        watcher   ......  ......  ......
        stranger  ......  ......  ......
        revoked   ......  ......  ......
        foreign   ......  ......  ......
        member    ......  ......  ......
        admin     ......  ......  ......
        bot       ......  ......  ......
        channel   ......  ......  ......
        forward   ......  ......  ......
        """;

    private const string Soon = "--Cluster:Limits:PermissionSeconds=8";

    private const string Verdict = "notifications/claude/channel/permission";

    [Fact]
    public async Task On_Telegram()
    {
        await using var node = await NodeHost.StartAsync([Soon]);
        await using var teller = new TelegramVerdictTeller(await ChatTeam.StartAsync(node));

        await CheckAsync(node, teller);
    }

    [Fact]
    public async Task On_Discord()
    {
        await using var node = await NodeHost.StartAsync([Soon]);
        await using var teller = new DiscordVerdictTeller(await ChatTeam.StartDiscordAsync(node));

        await CheckAsync(node, teller);
    }

    private static async Task CheckAsync(NodeHost node, VerdictTeller teller)
    {
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await MeetAsync(node, teller);
        var expired = await AskAsync(node, client, teller, "spent");
        await ExpiredAsync(node, "spent");
        await node.StopAsync();
        await node.StartAgainAsync("--Cluster:Limits:PermissionSeconds=600"); // from here on nothing more expires
        await client.OpenStreamAsync();
        await teller.BackAsync();
        var open = await AskAsync(node, client, teller, "opena");
        var decided = await AskAsync(node, client, teller, "doneb");
        using var denied = await node.DecideAsync(decided.Row, "deny");
        Assert.Equal(Verdict, (await client.NextAsync())["method"]!.GetValue<string>());
        await node.RevokeAsync(teller.IdentityOf("revoked"), "api", "approve");

        // One for each cell that decides, asked before the refusals that would go out first.
        var cells = Cells().ToList();
        var each = new Dictionary<(string Actor, string Way), AskedFor>();
        foreach (var (actor, way, _, _) in cells.Where(cell => cell.Decides))
        {
            each[(actor, way)] = await AskAsync(node, client, teller, $"cxyz{(char)('a' + each.Count)}");
        }

        // All that must not decide, and then that it was dealt with and has not.
        foreach (var (actor, way, state, _) in cells.Where(cell => !cell.Decides))
        {
            teller.Tell(actor, way, state switch { "open" => open, "decided" => decided, _ => expired });
        }

        await HeardAsync(client, teller);
        Assert.Equal(("open", null), await StateAsync(node, "opena"));
        Assert.Equal("console:admin", (await StateAsync(node, "doneb")).By);
        Assert.Null((await StateAsync(node, "spent")).By);

        // All that must.
        foreach (var ((actor, way), request) in each)
        {
            teller.Tell(actor, way, request);
            var verdict = await NextAsync(client, $"{actor} by {way}");
            Assert.Equal($$"""{"request_id":"{{request.RequestId}}","behavior":"allow"}""", verdict["params"]!.ToJsonString());
            Assert.True((await StateAsync(node, request.RequestId)).By == teller.IdentityOf(actor), $"{actor} by {way}");
        }

        // The way lived all the time.
        teller.Tell("owner", "button", open);
        Assert.Equal("""{"request_id":"opena","behavior":"allow"}""", (await client.NextAsync())["params"]!.ToJsonString());
        Assert.Equal(12 * 6 * 3, cells.Count);
    }

    private static IEnumerable<(string Actor, string Way, string State, bool Decides)> Cells()
    {
        var rows = Expected.Split('\n').Select(row => row.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
        return rows.Skip(1).SelectMany(row => row.Skip(1).SelectMany(
            (marks, state) => marks.Select((mark, way) => (row[0], Ways[way], rows[0][state + 1], mark == 'x'))));
    }

    private static async Task MeetAsync(NodeHost node, VerdictTeller teller)
    {
        await node.CreateSessionAsync("other");
        foreach (var actor in VerdictTeller.People.Except(["stranger"]))
        {
            await teller.PairAsync(node, actor, actor == "owner" ? null : await node.InviteAsync($"the-{actor}"));
        }

        foreach (var (actor, session, role) in new[]
        {
            ("approver", "api", "approve"), ("talker", "api", "talk"), ("watcher", "api", "watch"), ("revoked", "api", "approve"),
            ("revoked", "other", "talk"), ("foreign", "other", "approve"), ("member", "other", "talk"), ("admin", "other", "talk"),
        })
        {
            await node.AllowAsync(teller.IdentityOf(actor), session, role);
        }
    }

    // A request that has reached everybody who may answer it.
    private static async Task<AskedFor> AskAsync(NodeHost node, HttpMcpClient client, VerdictTeller teller, string requestId)
    {
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request(requestId));
        var row = (await node.PermissionsAsync("api")).Single(one => one.RequestId == requestId).Id;
        var asked = new AskedFor(row, requestId);
        foreach (var actor in requestId is "opena" or "doneb" or "spent" ? ["owner", "approver", "revoked"] : new[] { "owner", "approver" })
        {
            asked.Prompts[actor] = await teller.AnsweredAsync(actor, $"yes {requestId}");
        }

        return asked;
    }

    // What is told after the first word has come through is taken when all that was told before it is dealt with.
    private static async Task HeardAsync(HttpMcpClient client, VerdictTeller teller)
    {
        foreach (var word in new[] { "first word", "second word" })
        {
            teller.Say("owner", $"@api {word}");
            JsonObject told;
            do
            {
                told = await client.NextAsync();
                Assert.NotEqual(Verdict, told["method"]!.GetValue<string>());
            }
            while (ChatTeam.Content(told) != word);
        }
    }

    private static async Task<JsonObject> NextAsync(HttpMcpClient client, string cell)
    {
        try
        {
            return await client.NextAsync();
        }
        catch (OperationCanceledException)
        {
            throw new InvalidOperationException($"{cell} decided nothing.");
        }
    }

    private static async Task<(string State, string? By)> StateAsync(NodeHost node, string requestId)
    {
        var request = (await node.PermissionsAsync("api")).Single(one => one.RequestId == requestId);
        return (request.State, request.DecidedBy);
    }
    private static async Task ExpiredAsync(NodeHost node, string requestId)
    {
        var patience = ChatTeam.Patience;
        while ((await StateAsync(node, requestId)).State != "expired")
        {
            patience.ThrowIfCancellationRequested();
        }
    }
}
