using System.CommandLine;
using System.Net.Http.Json;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Chats;

/// <summary><c>cluster bot</c>: the bots that the cluster owns.</summary>
internal static class BotCommands
{
    public static Command Create(NodeOptions node) => new("bot", "Bots of chat platforms that the cluster owns.")
    {
        new Command("add", "Let the cluster own a bot. Its token is checked at once.")
        {
            Add(node, "telegram", "A bot made with @BotFather."),
            Add(node, "discord", "A bot of an application in Discord's developer portal."),
        },
        List(node),
        Mode(node),
        Remove(node),
    };

    private static Command Add(NodeOptions node, string platform, string description)
    {
        var name = new Argument<string>("NAME") { Description = "The bot's name in this cluster." };
        var file = new Option<string>("--token-file") { Description = "A file with its token; - reads standard input.", Required = true, HelpName = "FILE" };
        var url = new Option<string>("--base-url") { Description = "The address of the platform's API, when it is not the platform's own.", HelpName = "URL" };
        var webhook = new Option<bool>("--webhook") { Description = "Let Telegram call the nodes at Cluster:PublicUrl, instead of asking it." };
        var command = new Command(platform, description) { name, file, url };
        if (platform == "telegram")
        {
            command.Add(webhook);
        }

        return command.Calls(node, async call =>
        {
            var path = call.Get(file)!;
            var token = path == "-" ? await Console.In.ReadToEndAsync(call.Ct) : await ReadAsync(path, call.Ct);
            var request = new AddBot { Name = call.Get(name), Platform = platform, Token = token.Trim(), BaseUrl = call.Get(url), Webhook = platform == "telegram" && call.Get(webhook) };
            call.Show(
                await call.Node.PostAsync("api/bots", request, ApiJson.Default.AddBot, ApiJson.Default.BotInfo, call.Ct),
                bot =>
                {
                    call.Screen.Line($"Bot {bot.Name} is @{bot.AccountName} ({bot.Platform} {bot.AccountId}). The token is kept encrypted; the file is not needed any more.");
                    call.Screen.Line("Next: everybody who shall use it runs `cluster pair`.");
                });
        });
    }

    private static Command List(NodeOptions node) =>
        new Command("list", "List the bots, and whether they work.").Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync("api/bots", ApiJson.Default.IReadOnlyListBotInfo, call.Ct),
                bots => call.Screen.Table(
                    "No bots yet; `cluster bot add telegram NAME --token-file FILE`, or `add discord`, adds one.",
                    ["NAME", "PLATFORM", "ACCOUNT", "NODE", "HEARD", "TO SEND", "PROBLEM"],
                    bots.Select(bot => (string[])
                    [
                        bot.Name, bot.Webhook ? $"{bot.Platform} webhook" : bot.Platform, $"@{bot.AccountName}", bot.Node ?? "-", Screen.Time(bot.HeardAt), $"{bot.Waiting}",
                        bot.Problem ?? (bot.LimitedUntil is { } until ? $"rate limited until {Screen.Time(until)}" : "-"),
                    ]))));

    private static Command Mode(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The bot's name." };
        var mode = new Argument<string>("MODE") { Description = "poll: it asks its platform. webhook: its platform calls the nodes at Cluster:PublicUrl." };
        mode.AcceptOnlyFromAmong("poll", "webhook");
        return new Command("mode", "Choose how a bot hears.") { name, mode }.Calls(node, async call =>
        {
            var body = JsonContent.Create(new SetBotMode { Webhook = call.Get(mode) == "webhook" }, ApiJson.Default.SetBotMode);
            call.Show(
                await call.Node.SendAsync(HttpMethod.Put, $"api/bots/{Uri.EscapeDataString(call.Get(name))}/mode", body, ApiJson.Default.BotInfo, call.Ct),
                bot => call.Screen.Line(bot.Webhook
                    ? $"{bot.Platform} calls the nodes for bot {bot.Name} from now on. `cluster doctor` says whether that works."
                    : $"Bot {bot.Name} asks {bot.Platform} from now on."));
        });
    }

    private static Command Remove(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The bot's name." };
        var command = new Command("remove", "Let a bot go. What it was told stays; what waits to be sent through it is not sent.") { name };
        command.SetAction(async (parsed, ct) =>
        {
            using var client = new NodeClient(node.Locator(parsed).Require(), TimeProvider.System);
            await client.SendAsync(HttpMethod.Delete, $"api/bots/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}", null, ct);
            new Screen(parsed.InvocationConfiguration.Output).Line($"Bot {parsed.GetRequiredValue(name)} is removed. Its token is still valid at the platform: revoke it there if nobody else shall use it.");
            return 0;
        });

        return command;
    }

    private static async Task<string> ReadAsync(string path, CancellationToken ct)
    {
        try
        {
            return await File.ReadAllTextAsync(path, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"The token file {path} cannot be read: {e.Message}");
        }
    }
}
