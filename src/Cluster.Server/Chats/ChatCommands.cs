using System.Text;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Chats;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;

namespace Cluster.Server.Chats;

/// <summary>What people ask of a bot itself. Rights are never given or taken here: that is done in a terminal or on the page.</summary>
internal sealed class ChatCommands(ChatStore chats, SessionStore sessions, MailboxStore mailboxes, OutboxStore outbox)
{
    private const string Help = """
        Write, and it goes to your session; answer a message of a session, and it goes to that one.
        `/sessions` your sessions and whether they run
        `/use NAME` the session that your messages go to
        `@NAME text` once to another one
        `/status` where your messages go, and what waits
        `/cancel` as an answer to a message of yours that still waits
        `/bind NAME` and `/unbind` a group or topic, for the session's owner
        `yes abcde` or `no abcde` answer a permission request
        """;

    public async Task ObeyAsync(Heard heard, Acquaintance known, ChatLine.Command command, CancellationToken ct)
    {
        var answer = command.Name switch
        {
            "start" or "help" => Help,
            "sessions" => await ListAsync(heard.Who, known, ct),
            "use" => await UseAsync(heard.Who, command.Argument, ct),
            "status" => await StatusAsync(heard, known, ct),
            "who" => $"You are `{heard.Who}`.",
            "cancel" => await CancelAsync(heard.Who, known, ct),
            "bind" => await BindAsync(heard, command.Argument, ct),
            "unbind" => await chats.BindAsync(heard.Conversation, null, heard.Who, ct)
                ? "Messages here go to nobody's session in particular any more."
                : "Only the owner of the session that is bound here may do that.",
            _ => "I do not know that command. `/help` lists what I know.",
        };
        await outbox.NoticeAsync(heard.Conversation, heard.Who, answer, heard.Update.MessageId, ct);
    }

    /// <summary>A session by the name that somebody calls it, of those that they may talk to: <c>NAME</c> (their own first) or <c>OWNER/NAME</c>.</summary>
    public async Task<SessionId?> FindAsync(Identity who, string name, CancellationToken ct)
    {
        var found = (await TalkableAsync(who, ct)).Where(one => one.Id == name || one.Id.EndsWith($"/{name}", StringComparison.Ordinal)).ToList();
        return found.Where(one => one.Roles.Contains("owner")).ToList() is [var own] ? SessionId.Parse(own.Id)
            : found is [var only] ? SessionId.Parse(only.Id)
            : null;
    }

    /// <summary>The session of somebody who may talk to one only.</summary>
    public async Task<SessionId?> OnlyAsync(Identity who, CancellationToken ct) =>
        await TalkableAsync(who, ct) is [var only] ? SessionId.Parse(only.Id) : null;

    private async Task<List<SessionInfo>> TalkableAsync(Identity who, CancellationToken ct) =>
        [.. (await sessions.ListAsync(who, ct)).Where(one => one.Roles.Contains("owner") || one.Roles.Contains("talk"))];

    private async Task<string> ListAsync(Identity who, Acquaintance known, CancellationToken ct)
    {
        var all = await sessions.ListAsync(who, ct);
        if (all.Count == 0)
        {
            return "You have no sessions yet. Connect one: `cluster connect --print-config` in its project.";
        }

        var text = new StringBuilder();
        foreach (var one in all)
        {
            text.Append(one.Attached ? "🟢 " : "⚪ ").Append($"`{one.Id}` {(one.Attached ? "running" : "not running")}");
            if (one.Waiting > 0)
            {
                text.Append($", {one.Waiting} waiting");
            }

            text.Append(one.Id == known.Current?.ToString() ? " ← your messages go here\n" : "\n");
        }

        return text.ToString();
    }

    private async Task<string> UseAsync(Identity who, string name, CancellationToken ct)
    {
        if (await FindAsync(who, name, ct) is not { } session)
        {
            return "There is no such session. `/sessions` lists those that you may talk to.";
        }

        await chats.UseAsync(who, session, ct);
        return $"Your messages go to `{session}` now.";
    }

    private async Task<string> StatusAsync(Heard heard, Acquaintance known, CancellationToken ct)
    {
        if ((known.Bound ?? known.Current ?? await OnlyAsync(heard.Who, ct)) is not { } session)
        {
            return "Your messages go to no session yet. `/use NAME` chooses one.";
        }

        return await sessions.FindAsync(session, heard.Who, ct) is { } info
            ? $"Messages {(known.Bound is null ? "of yours" : "here")} go to `{info.Id}`, which is {(info.Attached ? "running" : "not running")}; {info.Waiting} waiting."
            : "There is no such session.";
    }

    private async Task<string> CancelAsync(Identity who, Acquaintance known, CancellationToken ct) =>
        known is not { RepliedTo: { } session, RepliedToEvent: { } eventId } ? "Answer with `/cancel` to the message that you want to take back."
        : await mailboxes.CancelAsync(session, eventId, who, ct) ? "Taken back."
        : "It does not wait any more.";

    private async Task<string> BindAsync(Heard heard, string name, CancellationToken ct) =>
        heard.Update.Place.Private ? "In a direct chat, `/use NAME` chooses the session."
        : await FindAsync(heard.Who, name, ct) is { } session && await chats.BindAsync(heard.Conversation, session, heard.Who, ct)
            ? $"What is said to me here goes to `{session}` now, from everybody whom its allowlist lets in."
        : "There is no such session of yours.";
}
