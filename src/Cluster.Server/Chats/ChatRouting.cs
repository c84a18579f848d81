using Cluster.Chat;
using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Core.Permissions;
using Cluster.Core.Sessions;
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
/// <param name="Through">The bot that heard it.</param>
internal readonly record struct Heard(ConversationId Conversation, ChatUpdate Update, IChatBot Through)
{
    public Identity Who => Update.Sender.Identity;

    public string Key => DedupeKeys.Update(Conversation.Bot, Update.Key);

    /// <summary>Display text, safe to be shown.</summary>
    public string Name => HostileText.Cut(HostileText.Clean(Update.Sender.Name).ReplaceLineEndings(" ").Trim(), 64);
}

/// <summary>What became of an update.</summary>
/// <param name="Known">The cluster knows who sent it.</param>
/// <param name="Answer">What to answer a press or a command of a menu with; null for everything else.</param>
internal readonly record struct Taken(bool Known, string? Answer = null);

/// <summary>Decides what becomes of what people say to bots: nothing for strangers, a pairing, a command, a verdict, or an event for a
/// session. Everything is committed when it returns.</summary>
internal sealed partial class ChatRouting(
    ChatStore chats, ChatCommands commands, PairingStore pairings, PairingWindows windows, OutboxStore outbox, PermissionStore permissions, Router router, SenderLimits limits,
    Engine engine, Refusals refusals)
{
    private const string NoSuchRequest = "There is no such request that you may answer.";

    public async Task<Taken> TakeAsync(Heard heard, CancellationToken ct) => heard.Update switch
    {
        ChatUpdate.Press press => new(Known: false, await PressAsync(heard, press, ct)),
        ChatUpdate.Command command => new(Known: false, await CommandAsync(heard, command, ct)),
        ChatUpdate.Message message => new(await MessageAsync(heard, message, ct)),
        _ => default,
    };

    /// <returns>Whether the cluster knows who said it.</returns>
    private async Task<bool> MessageAsync(Heard heard, ChatUpdate.Message message, CancellationToken ct)
    {
        if (message.Place.Private && !message.Edited && PairingCode.TryParse(message.Text, out var code))
        {
            await PairAsync(heard, code, ct);
            return false;
        }

        var known = await chats.LookAsync(heard.Who, heard.Conversation, message.ReplyTo, ct);
        if (!known.Known || !(message.ForBot || await IsForSessionAsync(heard.Who, known, ct)))
        {
            if (!known.Known && !await AskAsync(heard, message, ct))
            {
                refusals.Count("stranger", heard.Who.Value);
            }

            return known.Known; // silence
        }

        await chats.MeetAsync(heard.Conversation, message.Place.Private, heard.Who, heard.Name, ct);
        if (known.RepliedToRequest is { } request && ChatLine.ReadAnswer(message.Text) is { } allow)
        {
            // An edited message never decides, and it is no word for the session either.
            await (message.Edited ? Task.CompletedTask : OnceAsync(heard, () => AnswerAsync(heard, request, allow, ct), ct));
            return true;
        }

        // What people say to each other where a session hears everything is for the session, whatever it looks like.
        switch (message.ForBot ? ChatLine.Read(message.Text) : new ChatLine.Say(null, message.Text))
        {
            case ChatLine.Verdict verdict when !message.Edited:
                await OnceAsync(heard, () => VerdictAsync(heard, verdict, ct), ct);
                break;
            case ChatLine.Command command when !message.Edited:
                await OnceAsync(heard, () => ObeyAsync(heard, known, command, ct), ct);
                break;
            case ChatLine.Say say:
                await SayAsync(heard, message, known, say, ct);
                break;
        }

        return true;
    }

    private async Task ObeyAsync(Heard heard, Acquaintance known, ChatLine.Command command, CancellationToken ct)
    {
        var answer = await commands.ObeyAsync(heard, known, command, ct);
        var buttons = answer.Buttons.Select(button => new OutboxButton(button.Label, button.Data)).ToList();
        await outbox.NoticeAsync(heard.Conversation, heard.Who, answer.Text, heard.Update.MessageId, buttons, ct);
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

        var outcome = await SubmitAsync(heard, session.Value, access => Quotes.Before(message, access, text), Attachments.Write([.. Files(message)]), ct);
        if (outcome is SubmitOutcome.Accepted(var eventId, _))
        {
            await chats.NoteAsync(heard.Conversation, message.MessageId, session.Value, eventId, ct);
            return;
        }

        await OnceAsync(heard, () => outbox.NoticeAsync(heard.Conversation, heard.Who, Explain(outcome), message.MessageId, ct), ct);
    }

    private Task<SubmitOutcome> SubmitAsync(Heard heard, SessionId session, Func<AccessList, string> body, ReadOnlyMemory<byte> attachments, CancellationToken ct) =>
        router.SubmitAsync(
            session,
            heard.Who,
            access => new Submission
            {
                Session = session,
                Sender = heard.Who,
                AccessVersion = access.Version,
                Kind = EventKind.Chat,
                ChatId = heard.Conversation.ToString(),
                Trust = access.IsOwner(heard.Who) ? Trust.Owner : Trust.Member,
                Body = body(access),
                Payload = attachments,
                At = engine.Clock.GetUtcNow(),
                DedupeKeys = [heard.Key],
            },
            ct);

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
        if (limits.Throttle(heard.Who) is not null || await chats.WasObeyedAsync(heard.Key, ct))
        {
            return;
        }

        var outcome = await pairings.TryAsync(heard.Who, heard.Name, code, ct);
        var again = outcome == PairingOutcome.Linked;
        if (outcome == PairingOutcome.Refused)
        {
            refusals.Count("pairing", heard.Who.Value);
            return; // silence, and nothing is written of strangers
        }

        await chats.MeetAsync(heard.Conversation, true, heard.Who, heard.Name, ct);
        await outbox.NoticeAsync(
            heard.Conversation,
            heard.Who,
            again ? PairingText.PairedAlready : PairingText.Paired,
            heard.Update.MessageId,
            ct);
        await chats.ObeyedAsync(heard.Key, ct);
    }

    // While somebody waits for strangers, one who writes in a direct chat is given a code, once.
    private async Task<bool> AskAsync(Heard heard, ChatUpdate.Message message, CancellationToken ct)
    {
        var text = HostileText.Clean(message.Text).ReplaceLineEndings(" ").Trim();
        return message is { Place.Private: true, Edited: false } && text.Length > 0 && limits.Throttle(heard.Who) is null
            && await windows.AskAsync(heard.Who, heard.Name, HostileText.Cut(text, PairingWindows.MaxText), heard.Conversation, ct);
    }

    private async Task VerdictAsync(Heard heard, ChatLine.Verdict verdict, CancellationToken ct)
    {
        var request = await permissions.FindOpenAsync(verdict.RequestId, heard.Who, ct);
        var answer = request switch
        {
            null => NoSuchRequest,
            PermissionStore.Ambiguous => "Several requests bear this id. Use the buttons, or answer the message of the one that you mean with `yes` or `no`.",
            PermissionStore.LockedOut => "Too many wrong ids; wait ten minutes, or use the buttons.",
            _ => await DecideAsync(request.Value, verdict.Allow, heard.Who, ct),
        };
        await outbox.NoticeAsync(heard.Conversation, heard.Who, answer, heard.Update.MessageId, ct);
    }

    private async Task AnswerAsync(Heard heard, long request, bool allow, CancellationToken ct) =>
        await outbox.NoticeAsync(heard.Conversation, heard.Who, await DecideAsync(request, allow, heard.Who, ct), heard.Update.MessageId, ct);

    private async Task<string?> PressAsync(Heard heard, ChatUpdate.Press press, CancellationToken ct)
    {
        if (!(await chats.LookAsync(heard.Who, heard.Conversation, null, ct)).Known || limits.Throttle(heard.Who) is not null)
        {
            refusals.Count("press", heard.Who.Value);
            return null;
        }

        // What a client sends as a button's data may be anything: whether it counts is judged like every other verdict.
        if (VerdictButtons.TryParse(press.Data, out var request, out var allow))
        {
            return await DecideAsync(request, allow, heard.Who, ct);
        }

        if (SessionButtons.HashIn(press.Data) is { } hash)
        {
            return await commands.UseByHashAsync(heard.Who, hash, ct);
        }

        if (VerdictButtons.TryParseMore(press.Data, out request)
            && press.Place.Private && await permissions.ShowWholeAsync(request, heard.Who, heard.Conversation, press.MessageId, ct))
        {
            return "All of it comes in a moment.";
        }

        refusals.Count("press", heard.Who.Value);
        return NoSuchRequest;
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
}
