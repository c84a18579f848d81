using Cluster.Chat;
using Cluster.Core.Access;
using Cluster.Core.Chats;
using Cluster.Core.Events;
using Cluster.Server.Routing;
using Cluster.Storage.Chats;

namespace Cluster.Server.Chats;

/// <summary>Commands from a platform's menu. Their answer goes to whoever chose the command, at once, and not through the outbox.</summary>
internal sealed partial class ChatRouting
{
    /// <returns>What to suggest; null for strangers, who get silence.</returns>
    public async Task<IReadOnlyList<MenuChoice>?> CompleteAsync(Heard heard, ChatUpdate.Complete complete, CancellationToken ct)
    {
        if (!(await chats.LookAsync(heard.Who, heard.Conversation, null, ct)).Known)
        {
            refusals.Count("stranger", heard.Who.Value);
            return null;
        }

        return await commands.SuggestAsync(heard.Who, complete.CommandName, complete.Typed, ct);
    }

    private async Task<string?> CommandAsync(Heard heard, ChatUpdate.Command command, CancellationToken ct)
    {
        var known = await chats.LookAsync(heard.Who, heard.Conversation, null, ct);
        if (!known.Known)
        {
            refusals.Count("stranger", heard.Who.Value);
            return null;
        }

        await chats.MeetAsync(heard.Conversation, command.Place.Private, heard.Who, heard.Name, ct);
        string? answer = null;
        await OnceAsync(
            heard,
            async () => answer = command.Name switch
            {
                CommandMenu.Tell => await TellAsync(heard, command, ct),
                CommandMenu.Cancel => await CancelAsync(heard, known, ct),
                _ => await ObeyAsync(heard, known, command.Name, CommandMenu.Line(command), ct),
            },
            ct);
        return answer;
    }

    private async Task<string> ObeyAsync(Heard heard, Acquaintance known, string name, string argument, CancellationToken ct) =>
        (await commands.ObeyAsync(heard, known, new ChatLine.Command(name, argument), ct)).Text;

    // A command from a menu answers no message, so the last one is meant.
    private async Task<string> CancelAsync(Heard heard, Acquaintance known, CancellationToken ct) =>
        await chats.FindWaitingAsync(heard.Who, heard.Conversation, ct) is var (session, eventId)
            ? await ObeyAsync(heard, known with { RepliedTo = session, RepliedToEvent = eventId }, CommandMenu.Cancel, "", ct)
            : "Nothing that you wrote here waits any more.";

    // There is no message under which its state could be shown, so the answer says what is so now.
    private async Task<string> TellAsync(Heard heard, ChatUpdate.Command command, CancellationToken ct)
    {
        var (name, text) = CommandMenu.Told(command);
        if (HostileText.Clean(text).Trim().Length == 0)
        {
            return "There is nothing to say. Write it into `text`.";
        }

        if (await commands.FindAsync(heard.Who, name, ct) is not { } session)
        {
            return "There is no such session. `/sessions` lists those that you may talk to.";
        }

        text = text.Length > ConsoleMessages.MaxLength ? text[..ConsoleMessages.MaxLength] : text;
        return await SubmitAsync(heard, session, _ => text, default, ct) is var outcome && outcome is SubmitOutcome.Accepted
            ? $"On its way to `{session}`."
            : Explain(outcome);
    }

    // Where all goes to the bound session, what is not said to the bot counts too: from those whom its allowlist lets in. For all
    // others it is talk between people.
    private async Task<bool> IsForSessionAsync(Identity who, Acquaintance known, CancellationToken ct) =>
        known is { BoundAll: true, Bound: { } session } && await commands.MayTalkAsync(who, session, ct);
}
