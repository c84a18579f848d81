using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Chats;

/// <summary><c>cluster pair</c>: links an account of a chat platform with the principal of this terminal.</summary>
internal static class PairCommand
{
    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(1);

    public static Command Create(NodeOptions node)
    {
        var noWait = new Option<bool>("--no-wait") { Description = "Print the code and do not wait until it is used." };
        return new Command("pair", "Link your account at a chat platform with yourself, by a code that you send to the bot.") { noWait }.Calls(node, async call =>
        {
            var pairing = await call.Node.PostAsync("api/pairings", ApiJson.Default.NewPairing, call.Ct);
            call.Show(pairing, made => Explain(call.Screen, made));
            if (!call.Get(noWait) && !call.Json)
            {
                await WaitAsync(call, pairing.Value);
            }
        });
    }

    private static void Explain(Screen screen, NewPairing made)
    {
        screen.Line($"Your code: {made.Code}");
        screen.Line("Send it, from your own account and in a direct chat, to one of:");
        foreach (var bot in made.Bots)
        {
            screen.Line(bot.PairingLink is { } link
                ? $"  @{bot.AccountName} at {bot.Platform}: {link}{made.Code}"
                : $"  {bot.AccountName} at {bot.Platform}");
        }

        screen.Line($"It works once, until {Screen.Time(made.ExpiresAt)}. Whoever sends it speaks as you: show it to nobody.");
    }

    private static async Task WaitAsync(ApiCall call, NewPairing made)
    {
        while (true)
        {
            var found = (await call.Node.GetAsync($"api/pairings/{made.Code[..4]}", ApiJson.Default.PairingInfo, call.Ct)).Value;
            if (found.Identity is { } identity)
            {
                call.Screen.Line($"Paired with {identity}, who is shown as \"{found.Name}\". If that is not you: cluster identities unlink {identity}");
                return;
            }

            if (found.Burnt || found.ExpiresAt <= DateTimeOffset.UtcNow)
            {
                throw new CommandFailure(found.Burnt
                    ? "Somebody has guessed at this code too often; it is void. Run `cluster pair` again."
                    : "The code was not used in time. Run `cluster pair` again.");
            }

            await Task.Delay(Ask, call.Ct);
        }
    }
}
