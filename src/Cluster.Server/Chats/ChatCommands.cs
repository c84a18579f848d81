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

/// <summary>What a command is answered with.</summary>
/// <param name="Text">In Markdown.</param>
internal sealed record CommandAnswer(string Text)
{
    public IReadOnlyList<ChatButton> Buttons { get; init; } = [];
}

/// <summary>What people ask of a bot itself. Rights are never given or taken here: that is done in a terminal or on the page.</summary>
internal sealed class ChatCommands(ChatStore chats, SessionStore sessions, MailboxStore mailboxes, TimeProvider clock)
{
    private const string Help = """
        Write, and it goes to your session; answer a message of a session, and it goes to that one.
        `/sessions` your sessions and whether they run
        `/use NAME` the session that your messages go to
        `@NAME text` once to another one
        `/status` where your messages go, and what waits
        `/mute 2h` no sound for what comes unprompted; `/mute off` ends it
        `/cancel` as an answer to a message of yours that still waits
        `/bind NAME` and `/unbind` a group, topic or thread, for the session's owner; `/bind NAME all` also for what is not said to me
        `/new-thread NAME` a thread of its own for a session, on Discord
        `yes abcde` or `no abcde` answer a permission request; so does `yes` or `no` in answer to its message
        """;

    private const string NoneOfYours = "There is no such session of yours.";
    private const int MostButtons = 8; // sessions
    private const int MostPlaces = 5;

    private static readonly TimeSpan ThreadPatience = TimeSpan.FromSeconds(2);

    public async Task<CommandAnswer> ObeyAsync(Heard heard, Acquaintance known, ChatLine.Command command, CancellationToken ct) =>
        command.Name == "sessions" ? await ListAsync(heard.Who, known, ct) : new CommandAnswer(command.Name switch
        {
            "start" or "help" => Help,
            "use" => await UseAsync(heard.Who, command.Argument, ct),
            "status" => await StatusAsync(heard, known, ct),
            "mute" => await MuteAsync(heard.Who, known, command.Argument, ct),
            "who" => $"You are `{heard.Who}`.",
            "cancel" => await CancelAsync(heard.Who, known, ct),
            "bind" => await BindAsync(heard, command.Argument, ct),
            "new-thread" => await OpenThreadAsync(heard, command.Argument, ct),
            "unbind" => await chats.BindAsync(heard.Conversation, null, everything: false, heard.Who, ct)
                ? "Messages here go to nobody's session in particular any more."
                : "Only the owner of the session that is bound here may do that.",
            _ => "I do not know that command. `/help` lists what I know.",
        });

    /// <summary>A press of a button of <c>/sessions</c>, judged like <c>/use</c>. It is answered without any form.</summary>
    public async Task<string> UseByHashAsync(Identity who, string hash, CancellationToken ct)
    {
        if ((await TalkableAsync(who, ct)).Find(one => SessionButtons.Hash(one.Id) == hash) is not { } session)
        {
            return "There is no such session.";
        }

        await chats.UseAsync(who, SessionId.Parse(session.Id), ct);
        return $"Your messages go to {session.Id} now{(session is { Attached: true, Paused: false } ? "" : $"; it is {Running(session)}, so they wait for it")}.";
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

    private static string Running(SessionInfo session) =>
        $"{(session.Attached ? "running" : "not running")}{(!session.Paused ? "" : session.PausedUntil is { } until ? $", paused until {until.UtcDateTime:yyyy-MM-dd HH:mm} UTC" : ", paused")}";

    private async Task<List<SessionInfo>> OwnAsync(Identity who, CancellationToken ct) =>
        [.. (await sessions.ListAsync(who, ct)).Where(one => one.Roles.Contains("owner"))];

    private async Task<List<SessionInfo>> TalkableAsync(Identity who, CancellationToken ct) =>
        [.. (await sessions.ListAsync(who, ct)).Where(MayTalk)];

    private static bool MayTalk(SessionInfo session) => session.Roles.Contains("owner") || session.Roles.Contains("talk");

    private async Task<CommandAnswer> ListAsync(Identity who, Acquaintance known, CancellationToken ct)
    {
        var all = await sessions.ListAsync(who, ct);
        if (all.Count == 0)
        {
            return new("You have no sessions yet. Connect one: `cluster connect --print-config` in its project.");
        }

        var text = new StringBuilder();
        foreach (var one in all)
        {
            text.Append(one.Paused ? "⏸ " : one.Attached ? "🟢 " : "⚪ ").Append($"`{one.Id}` {Running(one)}");
            if (one.Waiting > 0)
            {
                text.Append($", {one.Waiting} waiting");
            }

            text.Append(IsCurrent(one) ? " ← your messages go here\n" : "\n");
        }

        // The one in use is always among them; then those that run.
        var first = all.Where(MayTalk).OrderByDescending(IsCurrent).ThenByDescending(one => one.Attached).Take(MostButtons).ToList();
        if (all.Count(MayTalk) > first.Count)
        {
            text.Append("`/use NAME` chooses one that has no button.");
        }

        return new(text.ToString()) { Buttons = [.. first.Select(one => SessionButtons.For(one.Id, IsCurrent(one)))] };

        bool IsCurrent(SessionInfo one) => one.Id == known.Current?.ToString();
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
            return $"Your messages go to no session yet. `/use NAME` chooses one.{Muted(known.MutedUntil)}";
        }

        if (await sessions.FindAsync(session, heard.Who, ct) is not { } info)
        {
            return $"There is no such session.{Muted(known.MutedUntil)}";
        }

        var places = await chats.PlacesAsync(session, heard.Who, MostPlaces + 1, ct);
        var own = places.Count switch
        {
            0 => "Nothing of yours waits for it.",
            1 => $"One message of yours waits for it, as number {places[0]} in its queue.",
            _ => $"Messages of yours wait for it, as numbers {string.Join(", ", places.Take(MostPlaces))}{(places.Count > MostPlaces ? " and more" : "")} in its queue.",
        };
        return $"Messages {(known.Bound is null ? "of yours" : "here")} go to `{info.Id}`, which is {Running(info)}. {own}{Muted(known.MutedUntil)}";
    }

    private async Task<string> MuteAsync(Identity who, Acquaintance known, string argument, CancellationToken ct)
    {
        if (argument.Length == 0)
        {
            return $"{(known.MutedUntil is null ? "You are not muted." : Muted(known.MutedUntil).Trim())} {MuteTime.Expected}.";
        }

        if (!MuteTime.TryParse(argument, out var time))
        {
            return $"I do not understand that time. Write {MuteTime.Expected}.";
        }

        DateTimeOffset? until = time > TimeSpan.Zero ? clock.GetUtcNow() + time : null;
        await chats.MuteAsync(who, until, ct);
        return until is null ? "What comes unprompted makes a sound again." : $"{Muted(until).Trim()} Nothing is held back.";
    }

    private static string Muted(DateTimeOffset? until) =>
        until is { } end ? $" You are muted until {end.UtcDateTime:yyyy-MM-dd HH:mm} UTC: what comes unprompted makes no sound." : "";

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
