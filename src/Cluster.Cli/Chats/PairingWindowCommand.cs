using System.CommandLine.Parsing;
using System.Globalization;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Chats;

/// <summary>What <c>cluster pair</c> does with strangers: <c>--open</c>, <c>--close</c>, and <c>CODE</c>.</summary>
internal static class PairingWindowCommand
{
    private const string Path = "api/pairings/window";

    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(1);

    // Less than the two seconds that a stopped command is given.
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(1.5);

    public static int? ReadMinutes(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (int.TryParse(text.EndsWith('m') ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) && minutes is >= 1 and <= 60)
        {
            return minutes;
        }

        result.AddError($"'{text}' is not how long a window is open: 1m to 60m.");
        return null;
    }

    public static async Task OpenAsync(ApiCall call, int minutes, bool wait)
    {
        var opened = await call.Node.PostAsync(
            Path, new OpenPairings { Minutes = minutes }, ApiJson.Default.OpenPairings, ApiJson.Default.PairingWindow, call.Ct);
        call.Show(opened, window => Explain(call.Screen, window, wait));
        if (wait)
        {
            try
            {
                await ShowAsync(call, opened.Value);
            }
            catch (OperationCanceledException)
            {
                await TryCloseAsync(call);
                throw;
            }
        }
    }

    public static async Task CloseAsync(ApiCall call)
    {
        await call.Node.SendAsync(HttpMethod.Delete, Path, null, call.Ct);
        if (!call.Json)
        {
            call.Screen.Line("Your window is closed. Strangers get no answer, and the codes that were given are void.");
        }
    }

    public static async Task ConfirmAsync(ApiCall call, string code, bool yes)
    {
        var asked = (await PostAsync(call, new ConfirmPairing { Code = code })).Value;
        if (!yes)
        {
            call.Screen.Line($"They wrote: {Quoted(asked.Who.Text)}");
            call.Parsed.InvocationConfiguration.Output.Write(
                CommandFailure.OneLine($"Link {asked.Who.Identity} ({Quoted(asked.Who.Name)}) to {asked.Principal}? [y/N]") + " ");
            var answer = (await Console.In.ReadLineAsync(call.Ct))?.Trim();
            if (answer is not ("y" or "Y" or "yes"))
            {
                throw new CommandFailure("Nothing was linked.");
            }
        }

        call.Show(
            await PostAsync(call, new ConfirmPairing { Code = code, Identity = asked.Who.Identity }),
            linked => call.Screen.Line(
                $"{linked.Who.Identity} ({Quoted(linked.Who.Name)}) speaks as {linked.Principal} now. If that is wrong: cluster identities unlink {linked.Who.Identity}"));
    }

    private static Task<Reply<ConfirmedPairing>> PostAsync(ApiCall call, ConfirmPairing request) =>
        call.Node.PostAsync("api/pairings/confirm", request, ApiJson.Default.ConfirmPairing, ApiJson.Default.ConfirmedPairing, call.Ct);

    private static void Explain(Screen screen, PairingWindow window, bool wait)
    {
        screen.Line($"Until {Screen.Time(window.ExpiresAt)}, whoever writes to one of these in a direct chat is given a code:");
        foreach (var bot in window.Bots)
        {
            screen.Line($"  {(bot.PairingLink is null ? "" : "@")}{bot.AccountName} at {bot.Platform}");
        }

        screen.Line("They tell you the code, and you confirm it: cluster pair CODE. Do that only for who told you the code themselves: anybody may bear any name.");
        screen.Line(wait ? "Who asks is shown here. Ctrl-C closes the window." : "The window is closed by: cluster pair --close");
    }

    private static async Task ShowAsync(ApiCall call, PairingWindow opened)
    {
        var shown = new HashSet<(string, DateTimeOffset)>();
        var (window, full) = (opened, false);
        while (true)
        {
            foreach (var one in window.Requests.Where(one => shown.Add((one.Identity, one.AskedAt))))
            {
                call.Screen.Line($"{one.Identity} {Quoted(one.Name)} writes: {Quoted(one.Text)}");
            }

            if (window.Full && !full)
            {
                call.Screen.Line(
                    $"{window.Requests.Count} wait, which is the most: nobody further gets a code. If you know none of them, open the window anew, or use `cluster pair` and send your own code to the bot.");
            }

            full = window.Full;
            await Task.Delay(Ask, call.Ct);
            try
            {
                window = (await call.Node.GetAsync(Path, ApiJson.Default.PairingWindow, call.Ct)).Value;
            }
            catch (NodeAway) when (DateTimeOffset.UtcNow < window.ExpiresAt)
            {
                // The window stands in the engine; it outlives a node.
            }
            catch (CommandFailure)
            {
                call.Screen.Line("The window is closed.");
                return;
            }
        }
    }

    private static async Task TryCloseAsync(ApiCall call)
    {
        using var limit = new CancellationTokenSource(Goodbye);
        try
        {
            await call.Node.SendAsync(HttpMethod.Delete, Path, null, limit.Token);
            call.Screen.Line("The window is closed.");
        }
        catch (Exception e) when (e is CommandFailure or OperationCanceledException)
        {
            call.Screen.Line("The node did not answer; the window closes at its time, or by: cluster pair --close");
        }
    }

    // What strangers write stands in quotes, so it is not taken for words of ours.
    private static string Quoted(string text) => $"“{text.Replace('“', '"').Replace('”', '"')}”";
}
