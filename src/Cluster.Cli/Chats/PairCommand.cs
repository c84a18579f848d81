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
        var code = new Argument<string?>("CODE")
        {
            Description = "A code that a bot gave to somebody while your window is open; without it you get one to send.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var open = new Option<int?>("--open")
        {
            Description = "Let bots give codes to strangers who write to them, for 1 to 60 minutes, and show who asks.",
            HelpName = "10m",
            CustomParser = PairingWindowCommand.ReadMinutes,
        };
        var close = new Option<bool>("--close") { Description = "Close your window." };
        var yes = new Option<bool>("--yes") { Description = "Link whoever holds the code without asking." };
        var qr = new Option<bool>("--qr") { Description = "Print the QR code even when this is no terminal." };
        var noWait = new Option<bool>("--no-wait") { Description = "Print what there is and do not wait; a window stays open." };
        var command = new Command("pair", "Link an account at a chat platform with yourself.") { code, open, close, yes, qr, noWait };
        command.Validators.Add(result =>
        {
            if ((result.GetResult(code)?.Tokens.Count > 0 ? 1 : 0) + (result.GetResult(open) is null ? 0 : 1) + (result.GetResult(close) is null ? 0 : 1) > 1)
            {
                result.AddError("CODE, --open and --close exclude each other.");
            }
        });
        return command.Calls(node, call =>
        {
            var wait = !call.Get(noWait) && !call.Json;
            return call.Parsed.GetValue(code) is { } typed ? PairingWindowCommand.ConfirmAsync(call, typed, call.Get(yes))
                : call.Get(open) is { } minutes ? PairingWindowCommand.OpenAsync(call, minutes, wait)
                : call.Get(close) ? PairingWindowCommand.CloseAsync(call)
                : OwnCodeAsync(call, wait, call.Get(qr));
        });
    }

    private static async Task OwnCodeAsync(ApiCall call, bool wait, bool qr)
    {
        var pairing = await call.Node.PostAsync("api/pairings", ApiJson.Default.NewPairing, call.Ct);
        call.Show(pairing, made => Explain(call, made, qr || !Console.IsOutputRedirected));
        if (wait)
        {
            await WaitAsync(call, pairing.Value);
        }
    }

    private static void Explain(ApiCall call, NewPairing made, bool qr)
    {
        var screen = call.Screen;
        screen.Line($"Your code: {made.Code}");
        screen.Line("Send it, from your own account and in a direct chat, to one of:");
        foreach (var bot in made.Bots)
        {
            screen.Line(bot.PairingLink is { } link
                ? $"  @{bot.AccountName} at {bot.Platform}: {link}{made.Code}"
                : $"  {bot.AccountName} at {bot.Platform}");
        }

        if (qr)
        {
            foreach (var bot in made.Bots.Where(bot => bot.PairingLink is not null))
            {
                screen.Line($"Or scan this with your phone; it opens @{bot.AccountName}:");
                call.Parsed.InvocationConfiguration.Output.Write(QrPicture.Of(bot.PairingLink + made.Code));
            }
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
