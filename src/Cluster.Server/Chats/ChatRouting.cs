using Cluster.Chat;
using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Core.Permissions;
using Cluster.Server.Api;
using Cluster.Server.Routing;
using Cluster.Server.Security;
using Cluster.Storage.Chats;
using Cluster.Storage.Engines;
using Cluster.Storage.Permissions;

namespace Cluster.Server.Chats;

/// <summary>One update of a platform, on its way into the cluster.</summary>
/// <param name="Conversation">Where it was said.</param>
/// <param name="Update">What was said.</param>
internal readonly record struct Heard(ConversationId Conversation, ChatUpdate Update)
{
    public Identity Who => Update.Sender.Identity;

    public string Key => DedupeKeys.Update(Conversation.Bot, Update.Key);
}

/// <summary>Decides what becomes of what people say to bots: nothing for strangers, a pairing, a command, a verdict, or an event for a
/// session. Everything is committed when it returns.</summary>
internal sealed class ChatRouting(
    ChatStore chats, ChatCommands commands, PairingStore pairings, OutboxStore outbox, PermissionStore permissions, Router router, Engine engine, Refusals refusals)
{
    /// <returns>What to answer a press with; null for everything else.</returns>
    public Task<string?> TakeAsync(Heard heard, CancellationToken ct) => heard.Update switch
    {
        ChatUpdate.Press press => PressAsync(heard, press, ct),
        ChatUpdate.Message message => MessageAsync(heard, message, ct),
        _ => Task.FromResult<string?>(null),
    };

    private async Task<string?> MessageAsync(Heard heard, ChatUpdate.Message message, CancellationToken ct)
    {
        if (message.Place.Private && !message.Edited && PairingCode.TryParse(message.Text, out var code))
        {
            await PairAsync(heard, code, ct);
            return null;
        }

        var known = await chats.LookAsync(heard.Who, heard.Conversation, message.ReplyTo, ct);
        if (!known.Known || !message.ForBot)
        {
            if (!known.Known)
            {
                refusals.Count("stranger", heard.Who.Value);
            }

            return null; // silence
        }

        await chats.MeetAsync(heard.Conversation, message.Place.Private, heard.Who, Name(heard), ct);
        switch (ChatLine.Read(message.Text))
        {
            case ChatLine.Verdict verdict when !message.Edited:
                await OnceAsync(heard, () => VerdictAsync(heard, verdict, ct), ct);
                break;
            case ChatLine.Command command when !message.Edited:
                await OnceAsync(heard, () => commands.ObeyAsync(heard, known, command, ct), ct);
                break;
            case ChatLine.Say say:
                await SayAsync(heard, message, known, say, ct);
                break;
        }

        return null;
    }

    // First match: the session whose message is answered, the one that this place is bound to, the one named, the one chosen.
    private async Task SayAsync(Heard heard, ChatUpdate.Message message, Acquaintance known, ChatLine.Say say, CancellationToken ct)
    {
        var text = Body(message, known.RepliedTo is null && known.Bound is null ? say.Text : message.Text);
        if (HostileText.Clean(text).Trim().Length == 0)
        {
            return;
        }

        var session = known.RepliedTo ?? known.Bound
            ?? (say.Session is { } name ? await commands.FindAsync(heard.Who, name, ct) : known.Current ?? await commands.OnlyAsync(heard.Who, ct));
        if (session is null)
        {
            await OnceAsync(
                heard,
                () => outbox.NoticeAsync(
                    heard.Conversation,
                    heard.Who,
                    say.Session is null ? "Which session? `/sessions` lists them, `/use NAME` chooses one." : "There is no such session.",
                    message.MessageId,
                    ct),
                ct);
            return;
        }

        var outcome = await router.SubmitAsync(
            session.Value,
            heard.Who,
            access => new Submission
            {
                Session = session.Value,
                Sender = heard.Who,
                AccessVersion = access.Version,
                Kind = EventKind.Chat,
                ChatId = heard.Conversation.ToString(),
                Trust = access.IsOwner(heard.Who) ? Trust.Owner : Trust.Member,
                Body = text,
                Payload = Attachments.Write([.. Files(message)]),
                At = engine.Clock.GetUtcNow(),
                DedupeKeys = [heard.Key],
            },
            ct);
        if (outcome is SubmitOutcome.Accepted(var eventId, _))
        {
            await chats.NoteAsync(heard.Conversation, message.MessageId, session.Value, eventId, ct);
            return;
        }

        await OnceAsync(heard, () => outbox.NoticeAsync(heard.Conversation, heard.Who, Explain(outcome), message.MessageId, ct), ct);
    }

    private static string Explain(SubmitOutcome outcome) => outcome switch
    {
        SubmitOutcome.TooFast(var wait) => $"Not sent: you write faster than the limit allows. Try again in {Math.Max(1, (int)wait.TotalSeconds)} s.",
        SubmitOutcome.MailboxFull(var limit) => $"Not sent: {limit} messages wait for this session already.",
        _ => "There is no such session.",
    };

    private static string Body(ChatUpdate.Message message, string text)
    {
        // The lines about files are ours and stay whole; the text is what is cut.
        var lines = string.Concat(Files(message).Select((file, at) => $"\n{Attachments.Line(at + 1, file)}"));
        var room = Math.Max(0, ConsoleMessages.MaxLength - lines.Length);
        var body = ((text.Length > room ? text[..room] : text) + lines).TrimStart('\n');
        return message.Edited ? $"(an edited message now says:)\n{body}" : body;
    }

    private static IEnumerable<Attachment> Files(ChatUpdate.Message message) => message.Files.Take(Attachments.Most)
        .Select(file => new Attachment { Id = file.Id, Kind = file.Kind, Name = file.Name, Size = file.Size });

    private async Task PairAsync(Heard heard, PairingCode code, CancellationToken ct)
    {
        if (router.Throttle(heard.Who) is not null || await chats.WasObeyedAsync(heard.Key, ct))
        {
            return;
        }

        var outcome = await pairings.TryAsync(heard.Who, Name(heard), code, ct);
        var again = outcome == PairingOutcome.Linked;
        if (outcome == PairingOutcome.Refused)
        {
            refusals.Count("pairing", heard.Who.Value);
            return; // silence, and nothing is written of strangers
        }

        await chats.MeetAsync(heard.Conversation, true, heard.Who, Name(heard), ct);
        await outbox.NoticeAsync(
            heard.Conversation,
            heard.Who,
            again
                ? "This account is paired already. `/sessions` lists your sessions."
                : "You are paired. `/sessions` lists your sessions, `/use NAME` chooses the one that your messages go to, `/help` tells the rest.",
            heard.Update.MessageId,
            ct);
        await chats.ObeyedAsync(heard.Key, ct);
    }

    private async Task VerdictAsync(Heard heard, ChatLine.Verdict verdict, CancellationToken ct)
    {
        var request = await permissions.FindOpenAsync(verdict.RequestId, heard.Who, ct);
        var answer = request switch
        {
            null => "There is no such request that you may answer.",
            PermissionStore.Ambiguous => "Several requests bear this id; use the buttons.",
            PermissionStore.LockedOut => "Too many wrong ids; wait ten minutes, or use the buttons.",
            _ => await DecideAsync(request.Value, verdict.Allow, heard.Who, ct),
        };
        await outbox.NoticeAsync(heard.Conversation, heard.Who, answer, heard.Update.MessageId, ct);
    }

    private async Task<string?> PressAsync(Heard heard, ChatUpdate.Press press, CancellationToken ct)
    {
        if (!(await chats.LookAsync(heard.Who, heard.Conversation, null, ct)).Known || router.Throttle(heard.Who) is not null)
        {
            refusals.Count("press", heard.Who.Value);
            return null;
        }

        // What a client sends as a button's data may be anything: whether it counts is judged like every other verdict.
        if (VerdictButtons.TryParse(press.Data, out var request, out var allow))
        {
            return await DecideAsync(request, allow, heard.Who, ct);
        }

        refusals.Count("press", heard.Who.Value);
        return "There is no such request that you may answer.";
    }

    private async Task<string> DecideAsync(long request, bool allow, Identity who, CancellationToken ct)
    {
        var (outcome, info) = await permissions.DecideAsync(request, allow ? "allow" : "deny", who, ct);
        return outcome == VerdictOutcome.Accepted
            ? $"{(allow ? "Allowed" : "Denied")}: on its way to Claude Code."
            : Verdicts.Explain(outcome, info);
    }

    // Written down after it was obeyed: what a dying node had begun is done again rather than lost.
    private async Task OnceAsync(Heard heard, Func<Task> obey, CancellationToken ct)
    {
        if (!await chats.WasObeyedAsync(heard.Key, ct))
        {
            await obey();
            await chats.ObeyedAsync(heard.Key, ct);
        }
    }

    private static string Name(Heard heard) => HostileText.Cut(HostileText.Clean(heard.Update.Sender.Name).ReplaceLineEndings(" ").Trim(), 64);
}

/// <summary>The buttons of a prompt, and what comes back when one is pressed.</summary>
internal static class VerdictButtons
{
    public static IReadOnlyList<ChatButton> For(long request) => [new("Allow", $"v:{request}:allow"), new("Deny", $"v:{request}:deny")];

    public static bool TryParse(string data, out long request, out bool allow)
    {
        request = 0;
        allow = data.EndsWith(":allow", StringComparison.Ordinal);
        return data.Split(':') is ["v", var id, "allow" or "deny"] && long.TryParse(id, System.Globalization.NumberStyles.None, null, out request);
    }
}
