using System.Text;
using Cluster.Chat;
using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Storage.Chats;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;

namespace Cluster.Server.Chats;

/// <summary>What to tell whoever gave a command.</summary>
internal sealed record CommandAnswer(string Text);

/// <summary>What people ask of a bot itself. Rights are never given or taken here: that is done in a terminal or on the page.</summary>
internal sealed class ChatCommands(ChatStore chats, SessionStore sessions, MailboxStore mailboxes, TimeProvider clock)
{
    private const string Help = """
        Write, and it goes to your session; answer a message of a session, and it goes to that one.
        `/sessions` your sessions and whether they run
        `/use NAME` the session that your messages go to
        `@NAME text` once to another one
        `/status` where your messages go, and what waits
        `/cancel` as an answer to a message of yours that still waits
        `/bind NAME` and `/unbind` a group, topic or thread, for the session's owner; `/bind NAME all` also for what is not said to me
        `/new-thread NAME` a thread of its own for a session, on Discord
        `yes abcde` or `no abcde` answer a permission request
        """;

    private const string NoneOfYours = "There is no such session of yours.";

    private static readonly TimeSpan ThreadPatience = TimeSpan.FromSeconds(2);

    public async Task<CommandAnswer> ObeyAsync(Heard heard, Acquaintance known, ChatLine.Command command, CancellationToken ct)
    {
        return new(command.Name switch
        {
            "start" or "help" => Help,
            "sessions" => await ListAsync(heard.Who, known, ct),
            "use" => await UseAsync(heard.Who, command.Argument, ct),
            "status" => await StatusAsync(heard, known, ct),
            "who" => $"You are `{heard.Who}`.",
            "cancel" => await CancelAsync(heard.Who, known, ct),
            "bind" => await BindAsync(heard, command.Argument, ct),
            "new-thread" => await OpenThreadAsync(heard, command.Argument, ct),
            "unbind" => await chats.BindAsync(heard.Conversation, null, everything: false, heard.Who, ct)
                ? "Messages here go to nobody's session in particular any more."
                : "Only the owner of the session that is bound here may do that.",
            _ => "I do not know that command. `/help` lists what I know.",
        });
    }

    /// <summary>A session by the name that somebody calls it, of those that they may talk to: <c>NAME</c> (their own first) or <c>OWNER/NAME</c>.</summary>
    public async Task<SessionId?> FindAsync(Identity who, string name, CancellationToken ct)
    {
        var found = (await TalkableAsync(who, ct)).Where(one => SessionChoice.Means(name, one.Id)).ToList();
        return found.Where(one => one.Roles.Contains("owner")).ToList() is [var own] ? SessionId.Parse(own.Id)
            : found is [var only] ? SessionId.Parse(only.Id)
            : null;
    }

    /// <summary>The session of somebody who may talk to one only.</summary>
    public async Task<SessionId?> OnlyAsync(Identity who, CancellationToken ct) =>
        await TalkableAsync(who, ct) is [var only] ? SessionId.Parse(only.Id) : null;

    /// <summary>What to suggest to somebody who writes a session's name: only those for which the command will do what it says.</summary>
    public async Task<IReadOnlyList<MenuChoice>> SuggestAsync(Identity who, string command, string typed, CancellationToken ct) =>
        CommandMenu.WantsOwn(command) is not { } own ? []
        : SessionChoice.Of((own ? await OwnAsync(who, ct) : await TalkableAsync(who, ct)).Select(one => one.Id), typed);

    /// <summary>Whether somebody may say something to a session.</summary>
    public async Task<bool> MayTalkAsync(Identity who, SessionId session, CancellationToken ct) =>
        await sessions.FindAsync(session, who, ct) is { } info && (info.Roles.Contains("owner") || info.Roles.Contains("talk"));

    private async Task<List<SessionInfo>> OwnAsync(Identity who, CancellationToken ct) =>
        [.. (await sessions.ListAsync(who, ct)).Where(one => one.Roles.Contains("owner"))];

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

    private async Task<string> BindAsync(Heard heard, string argument, CancellationToken ct)
    {
        if (heard.Update.Place.Private)
        {
            return "In a direct chat, `/use NAME` chooses the session.";
        }

        var words = argument.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var all = words is [_, "all"];
        if ((words.Length != 1 && !all) || await FindAsync(heard.Who, words[0], ct) is not { } session
            || !await chats.BindAsync(heard.Conversation, session, all, heard.Who, ct))
        {
            return NoneOfYours;
        }

        return !all ? $"What is said to me here goes to `{session}` now, from everybody whom its allowlist lets in."
            : $"Everything that is said here goes to `{session}` now, from everybody whom its allowlist lets in."
                // Telegram: Bot features, privacy mode.
                + (heard.Conversation.Platform == "telegram"
                    ? " Telegram shows me only what is said to me until you turn my privacy mode off (`/setprivacy` at @BotFather) and take me out of the group and in again."
                    : "");
    }

    // Discord takes an answer to a command for three seconds only, so what it does not do at once is given up in words.
    private async Task<string> OpenThreadAsync(Heard heard, string name, CancellationToken ct)
    {
        if (heard.Through is not ICanOpenThreads threads)
        {
            return "That is only on Discord. In a forum, open a topic and use `/bind NAME` there.";
        }

        if (heard.Update.Place.Private)
        {
            return "A direct chat has no threads. Use `/new-thread NAME` in a channel of a server.";
        }

        if ((await OwnAsync(heard.Who, ct)).FirstOrDefault(one => SessionChoice.Means(name, one.Id)) is not { } own)
        {
            return NoneOfYours;
        }

        using var late = new CancellationTokenSource(ThreadPatience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            var session = SessionId.Parse(own.Id);
            switch (await threads.OpenThreadAsync(heard.Update.Place, session.Name, either.Token))
            {
                case ChatOutcome.Done(var thread):
                    var conversation = heard.Conversation with { Chat = thread, Thread = null };
                    await chats.MeetAsync(conversation, isPrivate: false, heard.Who, heard.Name, ct);
                    return await chats.BindAsync(conversation, session, everything: true, heard.Who, ct)
                        ? $"The thread `{session.Name}` is open. All that is said in it goes to `{session}`, from everybody whom its allowlist lets in."
                        : NoneOfYours;
                case ChatOutcome.Refused(var reason):
                    return $"No thread was opened: {reason}. I need the rights to create public threads here and to send messages in threads; in a thread there is no other.";
                case ChatOutcome.Later(var wait):
                    return $"No thread was opened: too many at once. Try again in {Math.Max(1, (int)wait.TotalSeconds)} s.";
            }
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // Told below.
        }

        return "The platform did not answer. If there is a new thread, use `/bind NAME all` in it; if not, try again.";
    }
}
