using System.CommandLine;
using System.Text;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Events;

/// <summary><c>cluster tell</c>: a message to a session.</summary>
internal static class TellCommand
{
    private const int Tries = 5;

    public static Command Create(NodeOptions node)
    {
        var session = SessionArgument.Create();
        var text = new Argument<string>("TEXT") { Description = "The message, quoted." };
        return new Command("tell", "Send a message to a session.") { session, text }.Calls(node, async call =>
        {
            var path = SessionArgument.Path(call.Get(session));
            var reply = await SendAsync(call.Node, path, call.Get(text), TimeProvider.System, call.Ct);
            var state = call.Json ? "" : await StateAsync(call.Node, call.Get(session), reply.Value.EventId, call.Ct);
            call.Show(reply, accepted => call.Screen.Line($"Event {accepted.EventId}: {state}."));
        });
    }

    /// <summary>Sends until the node has it: the id that stays the same over all tries makes it enter once.</summary>
    public static async Task<Reply<MessageAccepted>> SendAsync(NodeClient node, string sessionPath, string text, TimeProvider clock, CancellationToken ct)
    {
        CheckText(text);
        var message = new SendMessage { Text = text, ClientId = Guid.NewGuid().ToString("N") };
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await node.PostAsync($"{sessionPath}/messages", message, ApiJson.Default.SendMessage, ApiJson.Default.MessageAccepted, ct);
            }
            catch (NodeAway away) when (attempt < Tries)
            {
                await Task.Delay(away.RetryAfter ?? TimeSpan.FromSeconds(0.5 * attempt), clock, ct);
            }
        }
    }

    // JSON would carry half a character as a question mark, and nobody would notice.
    private static void CheckText(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new CommandFailure("The message is empty.");
        }

        for (var i = 0; i < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, i, out var rune))
            {
                throw new CommandFailure($"The message has half a character (a lone surrogate) at position {i}.");
            }

            i += rune.Utf16SequenceLength;
        }
    }

    private static async Task<string> StateAsync(NodeClient node, string session, string eventId, CancellationToken ct)
    {
        try
        {
            var events = await node.GetAsync(
                $"api/events?session={Uri.EscapeDataString(SessionArgument.Read(session))}&limit=50", ApiJson.Default.IReadOnlyListEventInfo, ct);

            return events.Value.FirstOrDefault(one => one.Id == eventId) is { } found
                ? DeliveryWords.Explain(found.State, found.Reason)
                : "accepted";
        }
        catch (CommandFailure)
        {
            // The message is in; not to be allowed to see its state, or to find the node gone, changes nothing about that.
            return "accepted";
        }
    }
}
