using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Api;
using Cluster.Simulator.Telegram;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>The same bot, told by Telegram's calls instead of asking.</summary>
public sealed class TelegramWebhookTests
{
    private const long Alice = 184;
    private const string SecretHeader = "X-Telegram-Bot-Api-Secret-Token";

    [Fact]
    public async Task A_message_reaches_the_session_and_its_answer_the_chat()
    {
        await using var node = await StartNodeAsync();
        await using var team = await StartAsync(node);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await team.PairAsync(node, Alice);

        for (var i = 0; i < 20; i++)
        {
            team.Telegram.SendText(Alice, Alice, $"message {i}");
        }

        var arrived = new List<JsonObject>();
        while (arrived.Count < 20)
        {
            arrived.Add(await client.NextAsync());
        }

        await client.CallAsync("reply", new JsonObject { ["chat_id"] = ChatTeam.Meta(arrived[0], "chat_id"), ["text"] = "here" });
        var answer = await team.NextAsync(Alice);
        await client.NotifyAsync(ChatTeam.Ask, ChatTeam.Request("abcde"));
        var prompt = await team.NextAsync(Alice);
        var told = await team.Telegram.NextPressAnswerAsync(team.Telegram.Press(Alice, Alice, prompt.Id, "Allow"), ChatTeam.Patience);

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"message {i}"), arrived.Select(ChatTeam.Content));
        Assert.Equal("here", answer.Text);
        Assert.Contains("Allowed", told.Text);
        Assert.StartsWith($"{node.Url}/hooks/", team.Telegram.WebhookSet.Url);
        Assert.Equal(1, team.Telegram.WebhookSet.MaxConnections);
        Assert.DoesNotContain(team.Telegram.WebhookSet.Secret!, await node.WholeLogAsync());
    }

    [Fact]
    public async Task Without_the_secret_nothing_is_taken_and_the_answer_is_that_of_an_unknown_bot()
    {
        await using var node = await StartNodeAsync();
        await using var team = await StartAsync(node);
        await team.PairAsync(node, Alice);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var (url, secret, _) = team.Telegram.WebhookSet;

        var unknown = await ForgeAsync(new Uri(new Uri(url), "0123456789abcdef0123456789abcdef").ToString(), secret!);
        var none = await ForgeAsync(url);
        var wrong = await ForgeAsync(url, secret![..^1] + (secret[^1] == '0' ? '1' : '0'));
        var twice = await ForgeAsync(url, secret, secret);
        var notAsked = await ForgeAsync(url, TelegramSimulator.Token);

        Assert.All([unknown, none, wrong, twice, notAsked], answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.Status));
        Assert.Single(new[] { unknown, none, wrong, twice, notAsked }.Select(answer => answer.Detail).Distinct());
        Assert.False(client.TryNext(out _));
        using var api = node.Api();
        Assert.Empty((await api.GetFromJsonAsync("/api/events?session=api", ApiJson.Default.IReadOnlyListEventInfo))!);
    }

    [Fact]
    public async Task What_is_too_large_or_no_update_is_refused_or_passed_over()
    {
        await using var node = await StartNodeAsync();
        await using var team = await StartAsync(node);
        var (url, secret, _) = team.Telegram.WebhookSet;

        Assert.Equal(HttpStatusCode.BadRequest, (await CallAsync(url, """{"update_id":5,"mess""", secret!)).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await CallAsync(url, $$"""{"update_id":5,"x":"{{new string('x', 1024 * 1024)}}"}""", secret!)).Status);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(url, """{"update_id":5,"message":{"text":7}}""", secret!)).Status);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(url, "[]", secret!)).Status);
    }

    [Fact]
    public async Task What_was_not_taken_while_the_node_was_away_comes_again_in_order_and_once()
    {
        await using var node = await StartNodeAsync();
        await using var team = await StartAsync(node);
        await team.PairAsync(node, Alice);
        await node.CreateSessionAsync("api");

        await node.StopAsync();
        foreach (var text in new[] { "first", "second", "third" })
        {
            team.Telegram.SendText(Alice, Alice, text);
        }

        await node.StartAgainAsync();
        await team.Telegram.AcknowledgedAsync(ChatTeam.Patience);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");

        foreach (var text in new[] { "first", "second", "third" })
        {
            Assert.Equal(text, ChatTeam.Content(await client.NextAsync()));
        }

        Assert.False(client.TryNext(out _));
    }

    [Fact]
    public async Task Every_node_takes_what_is_told_and_what_is_told_twice_enters_once()
    {
        var port = Programs.FreePort();
        await using var cluster = await ClusterHost.StartAsync(0, $"--Cluster:PublicUrl=http://127.0.0.1:{port}");
        await cluster.AddAsync($"--urls=http://127.0.0.1:{port}");
        await cluster.AddAsync();
        await using var team = await StartAsync(cluster[0]);
        await team.PairAsync(cluster[0], Alice);
        await using var client = await HttpMcpClient.AttachAsync(cluster[1].Url, cluster.AdminToken, "api");
        var (url, secret, _) = team.Telegram.WebhookSet;
        var path = new Uri(url).AbsolutePath;

        foreach (var node in new[] { cluster[1], cluster[0], cluster[1] })
        {
            await UntilTakenAsync($"{node.Url}{path}", Message(70_001, "told thrice"), secret!);
        }

        team.Telegram.SendText(Alice, Alice, "told by Telegram");

        Assert.Equal("told thrice", ChatTeam.Content(await client.NextAsync()));
        Assert.Equal("told by Telegram", ChatTeam.Content(await client.NextAsync()));
        Assert.False(client.TryNext(out _));
    }

    [Fact]
    public async Task What_keeps_Telegram_from_calling_is_the_bots_problem_in_doctor_until_it_is_over()
    {
        await using var node = await StartNodeAsync();
        await using var team = await StartAsync(node);
        await team.PairAsync(node, Alice);

        team.Telegram.WebhookFailure = "Wrong response from the webhook: 502 Bad Gateway\u202e";
        team.Telegram.SendText(Alice, Alice, "/help");
        var broken = await UntilAsync(node, bot => bot.Problem is not null);
        await using var doctor = Programs.StartCluster(Path.Combine(node.Folder, "home"), "doctor");
        var check = await doctor.LineWithAsync("bot team");
        team.Telegram.WebhookFailure = null;
        await team.NextAsync(Alice);
        await UntilAsync(node, bot => bot.Problem is null);

        Assert.Contains($"{node.Url}/hooks/: Wrong response from the webhook: 502 Bad Gateway; 1 wait there", broken.Problem);
        Assert.True(broken.Webhook);
        Assert.Contains("502 Bad Gateway", check);
    }

    [Fact]
    public async Task A_bot_is_changed_over_and_back_and_hears_all_the_time()
    {
        await using var node = await StartNodeAsync();
        await using var team = await StartAsync(node, webhook: false);
        team.Telegram.AllowLoopbackWebhooks = true;
        await team.PairAsync(node, Alice);
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var home = Path.Combine(node.Folder, "home");

        async Task<string> ChangeAsync(string mode, string text)
        {
            await using var change = Programs.StartCluster(home, "bot", "mode", "team", mode);
            Assert.Equal(0, await change.ExitAsync());
            team.Telegram.SendText(Alice, Alice, text);
            return ChatTeam.Content(await client.NextAsync());
        }

        Assert.Equal("to a webhook", await ChangeAsync("webhook", "to a webhook"));
        Assert.Contains("/hooks/", team.Telegram.WebhookSet.Url);
        Assert.Equal("and back", await ChangeAsync("poll", "and back"));
        Assert.Equal("", team.Telegram.WebhookSet.Url);
    }

    [Fact]
    public async Task A_bot_that_is_removed_is_called_no_more()
    {
        await using var node = await StartNodeAsync();
        await using var team = await StartAsync(node);
        var (url, secret, _) = team.Telegram.WebhookSet;
        using var api = node.Api();

        (await api.DeleteAsync("/api/bots/team")).EnsureSuccessStatusCode();

        Assert.Equal("", team.Telegram.WebhookSet.Url);
        while ((await CallAsync(url, Message(9, "hello"), secret!)).Status != HttpStatusCode.Unauthorized)
        {
            ChatTeam.Patience.ThrowIfCancellationRequested();
        }
    }

    [Theory]
    [InlineData("", "Set Cluster:PublicUrl")]
    [InlineData("http://cluster.example.com", "https")]
    public async Task A_webhook_that_Telegram_could_not_call_is_refused_with_what_to_do(string publicUrl, string said)
    {
        await using var node = await NodeHost.StartAsync([$"--Cluster:PublicUrl={publicUrl}"]);
        using var api = node.Api();

        using var refused = await api.PostAsJsonAsync(
            "/api/bots", new AddBot { Name = "team", Platform = "telegram", Token = "1:x", Webhook = true }, ApiJson.Default.AddBot);
        using var discord = await api.PostAsJsonAsync(
            "/api/bots", new AddBot { Name = "team", Platform = "discord", Token = "1:x", Webhook = true }, ApiJson.Default.AddBot);

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (refused.StatusCode, discord.StatusCode));
        Assert.Contains(said, await refused.Content.ReadAsStringAsync());
        Assert.Contains("have no webhook", await discord.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task What_Telegram_says_against_the_address_is_the_bots_problem_and_it_still_sends()
    {
        await using var node = await StartNodeAsync();
        await using var team = await StartAsync(node, waits: false, loopback: false);

        var broken = await UntilAsync(node, bot => bot.Problem is not null);

        Assert.Contains("An HTTPS URL must be provided", broken.Problem);
        Assert.Contains("Cluster:PublicUrl", broken.Problem);
        Assert.NotNull(broken.Node);
    }

    internal static Task<NodeHost> StartNodeAsync(bool inProcess = false)
    {
        var url = $"http://127.0.0.1:{Programs.FreePort()}";
        string[] settings = [$"--urls={url}", $"--Cluster:PublicUrl={url}"];
        return inProcess ? NodeHost.StartInProcessAsync(settings) : NodeHost.StartAsync(settings);
    }

    internal static async Task<ChatTeam> StartAsync(NodeHost node, bool webhook = true, bool waits = true, bool loopback = true)
    {
        var team = new ChatTeam();
        await team.Telegram.StartAsync();
        team.Telegram.AllowLoopbackWebhooks = webhook && loopback;
        using var api = node.Api();
        using var added = await api.PostAsJsonAsync(
            "/api/bots",
            new AddBot { Name = ChatTeam.Bot, Platform = "telegram", Token = TelegramSimulator.Token, BaseUrl = team.Telegram.Url.ToString(), Webhook = webhook },
            ApiJson.Default.AddBot);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        if (webhook && waits)
        {
            await team.Telegram.NextCallAsync("setWebhook", ChatTeam.Patience);
            await UntilAsync(node, bot => bot.HeardAt is not null);
        }

        return team;
    }

    private static string Message(long id, string text) =>
        $$$"""{"update_id":{{{id}}},"message":{"message_id":{{{id}}},"date":1,"chat":{"id":184,"type":"private"},"from":{"id":184,"is_bot":false,"first_name":"Alice"},"text":"{{{text}}}"}}""";

    private static Task<(HttpStatusCode Status, string? Detail)> ForgeAsync(string url, params string[] secrets) => CallAsync(url, Message(5, "forged"), secrets);

    private static async Task<(HttpStatusCode Status, string? Detail)> CallAsync(string url, string body, params string[] secrets)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(body, MediaTypeHeaderValue.Parse("application/json")) };
        foreach (var secret in secrets)
        {
            request.Headers.TryAddWithoutValidation(SecretHeader, secret);
        }

        using var answer = await http.SendAsync(request);
        return (answer.StatusCode, answer.IsSuccessStatusCode ? null : (await answer.Content.ReadFromJsonAsync(ApiJson.Default.Problem))!.Detail);
    }

    // A node hears of a new bot a moment later than the one that added it.
    private static async Task UntilTakenAsync(string url, string body, string secret)
    {
        var patience = ChatTeam.Patience;
        while ((await CallAsync(url, body, secret)).Status != HttpStatusCode.OK)
        {
            patience.ThrowIfCancellationRequested();
        }
    }

    private static async Task<BotInfo> UntilAsync(NodeHost node, Func<BotInfo, bool> holds)
    {
        using var api = node.Api();
        var patience = ChatTeam.Patience;
        while (true)
        {
            var bots = await api.GetFromJsonAsync("/api/bots", ApiJson.Default.IReadOnlyListBotInfo, patience);
            if (bots!.FirstOrDefault(holds) is { } found)
            {
                return found;
            }
        }
    }
}
