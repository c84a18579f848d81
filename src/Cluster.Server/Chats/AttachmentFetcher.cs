using Cluster.Chat;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Server.Simulation;
using Cluster.Storage.Chats;
using Cluster.Storage.Mailboxes;

namespace Cluster.Server.Chats;

/// <summary>The files of one event.</summary>
internal sealed record EventFiles
{
    public required string ChatId { get; init; }

    public required IReadOnlyList<Attachment> Files { get; init; }

    /// <summary>The session has had the event, so its files are for its eyes too.</summary>
    public required bool Delivered { get; init; }
}

/// <summary>A file on its way from its platform.</summary>
internal sealed class FetchedFile(IChatBot bot, Stream content, long? size) : IAsyncDisposable
{
    public Stream Content => content;

    /// <summary>What the platform says; what comes may be more or less.</summary>
    public long? Size => size;

    public async ValueTask DisposeAsync()
    {
        await content.DisposeAsync();
        await bot.DisposeAsync();
    }
}

/// <summary>Fetches what people sent, when somebody asks for it. Any node does it, with the bot's token and without its lease.</summary>
internal sealed class AttachmentFetcher(ConversationStore conversations, BotStore bots, SimulatedBots simulated, ChatPlatforms platforms)
{
    /// <returns>Null when the session has no such message.</returns>
    public async Task<EventFiles?> FindAsync(SessionId session, long eventId, CancellationToken ct) =>
        await conversations.FindAsync(session, eventId, ct) is { Info.Kind: "chat" } stored
            ? new EventFiles
            {
                ChatId = stored.ChatId,
                Files = Attachments.Read(stored.Payload),
                Delivered = stored.Info.State is "sent" or "received" or "answered",
            }
            : null;

    /// <summary>Asks the platform for a file.</summary>
    /// <returns>The file, the caller's to dispose; or why there is none, in words that end without a full stop.</returns>
    public async Task<(FetchedFile? File, string Refusal)> FetchAsync(string chatId, Attachment file, long most, CancellationToken ct)
    {
        if (!ConversationId.TryParse(chatId, out var conversation)
            || (await bots.RunnableAsync(ct)).Find(one => one.Name == conversation.Bot && one.Platform == conversation.Platform) is not { } owner
            || !simulated.MayRun(owner)
            || platforms.Find(owner.Platform) is not { } platform)
        {
            return (null, $"the bot of {chatId} is not here any more");
        }

        if (file.Size > most)
        {
            return (null, $"it has {Attachments.Size(file.Size.Value)}, and {Attachments.Size(most)} are the most");
        }

        var bot = platform.Create(bots.OpenToken(owner), owner.BaseUrl);
        var kept = false;
        try
        {
            if (bot is not ICanFetchFiles fetching)
            {
                return (null, $"files of {owner.Platform} cannot be fetched");
            }

            switch (await fetching.FetchAsync(file.Id, most, ct))
            {
                case FetchOutcome.Found(var content, var size):
                    kept = true;
                    return (new FetchedFile(bot, content, size), "");
                case FetchOutcome.Refused(var reason):
                    return (null, Core.Events.HostileText.Cut(Core.Events.HostileText.Escape(reason).ReplaceLineEndings(" ").Trim().TrimEnd('.'), 200));
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        catch (ChatRefusedException)
        {
            return (null, $"{owner.Platform} does not let this bot in; `cluster doctor` says why");
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return (null, $"{owner.Platform} cannot be reached now; try again later");
        }
        finally
        {
            if (!kept)
            {
                await bot.DisposeAsync();
            }
        }
    }
}
