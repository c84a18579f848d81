using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Cluster.Chat.Text;

namespace Cluster.Chat.Discord;

/// <summary>One Discord bot: hears through the gateway, speaks through the REST API.</summary>
public sealed class DiscordBot : IChatBot, ICanReact, ICanShowTyping, ICanSendFiles, ICanFetchFiles, ICanOfferCommands, ICanOpenThreads
{
    private readonly DiscordApi _api;
    private readonly DiscordGateway _gateway;

    /// <param name="token">From the Bot page of the developer portal.</param>
    /// <param name="baseAddress">Such as <c>https://discord.com/api/v10/</c>.</param>
    /// <param name="http">Stays the caller's. It must follow no redirects.</param>
    /// <param name="clock">Measures limits, heartbeats and waits.</param>
    public DiscordBot(string token, Uri baseAddress, HttpClient http, TimeProvider clock)
    {
        _api = new(token, baseAddress, http, clock);
        _gateway = new(token, _api, clock);
    }

    public async Task<ChatAccount> CheckAsync(CancellationToken ct)
    {
        var me = await _api.MeAsync(ct);
        if (!(await _api.ApplicationAsync(ct)).MayReadMessages)
        {
            throw new ChatRefusedException(Refusals.NoMessageContent);
        }

        return new(me.Id!, me.Username ?? "", PairingLink: null);
    }

    public Task ReceiveAsync(IChatInbox inbox, CancellationToken ct) => _gateway.ReceiveAsync(inbox, ct);

    public IReadOnlyList<ChatPart> Split(string markdown) => ChatText.ForDiscord(markdown);

    public async Task<ChatOutcome> PostAsync(ChatPost post, CancellationToken ct)
    {
        if (NoId(post.Place.Chat) is { } refused)
        {
            return refused;
        }

        var message = new CreateMessage
        {
            Content = post.Part.Formatted,
            Flags = CreateMessage.SuppressEmbeds | (post.Silent ? CreateMessage.SuppressNotifications : 0),
            Components = Rows(post.Buttons),
            MessageReference = ReplyTo(post.ReplyTo),
            Nonce = Nonce(post.Once),
        };
        return Posted(await _api.CallAsync(DiscordRoute.Post(post.Place.Chat), message, DiscordJson.Default.CreateMessage, ct));
    }

    public IReadOnlyList<IReadOnlyList<ChatUpload>> Group(IReadOnlyList<ChatUpload> files) => DiscordUploads.Group(files);

    public async Task<ChatOutcome> PostFilesAsync(
        ChatPlace place, IReadOnlyList<ChatUpload> group, string? replyTo, string once, CancellationToken ct)
    {
        if (NoId(place.Chat) is { } refused)
        {
            return refused;
        }

        if (DiscordUploads.RefusalOf(group) is { } refusal)
        {
            return new ChatOutcome.Refused(refusal);
        }

        var message = new CreateMessage { Flags = CreateMessage.SuppressEmbeds, MessageReference = ReplyTo(replyTo), Nonce = Nonce(once) };
        using var form = DiscordUploads.Form(message, group);
        return Posted(await _api.UploadAsync(DiscordRoute.Post(place.Chat), form, ct));
    }

    public Task<FetchOutcome> FetchAsync(string fileId, long most, CancellationToken ct) => new DiscordDownloads(_api).FetchAsync(fileId, most, ct);

    public async Task<ChatOutcome> EditAsync(
        ChatPlace place, string messageId, ChatPart part, IReadOnlyList<ChatButton> buttons, CancellationToken ct)
    {
        if (NoId(place.Chat, messageId) is { } refused)
        {
            return refused;
        }

        var message = new EditMessage { Content = part.Formatted, Components = Rows(buttons) };
        return Outcome(await _api.CallAsync(DiscordRoute.Edit(place.Chat, messageId), message, DiscordJson.Default.EditMessage, ct), messageId);
    }

    public Task<ChatOutcome> AnswerPressAsync(string pressId, string text, CancellationToken ct) =>
        AnswerAsync(pressId, new InteractionResponse(new(Split(text)[0].Formatted)), DiscordJson.Default.InteractionResponse, ct);

    public async Task<ChatOutcome> OfferAsync(IReadOnlyList<MenuCommand> commands, CancellationToken ct) =>
        Outcome(await new DiscordMenu(_api).OfferAsync(commands, ct), "");

    public Task<ChatOutcome> SuggestAsync(string pressId, IReadOnlyList<MenuChoice> choices, CancellationToken ct) =>
        AnswerAsync(pressId, new AutocompleteResponse(new([.. choices.Take(MenuChoice.Most)])), DiscordJson.Default.AutocompleteResponse, ct);

    public async Task<ChatOutcome> OpenThreadAsync(ChatPlace place, string name, CancellationToken ct)
    {
        if (NoId(place.Chat) is { } refused)
        {
            return refused;
        }

        var thread = new StartThread(name.Length > StartThread.LongestName ? name[..StartThread.LongestName] : name);
        var answer = await _api.CallAsync(DiscordRoute.Thread(place.Chat), thread, DiscordJson.Default.StartThread, ct);
        if (answer is not DiscordAnswer.Done(var body))
        {
            return Outcome(answer, "");
        }

        var id = DiscordJson.Read(body, DiscordJson.Default.DiscordThread)?.Id;
        if (NoId(id) is { } unreadable)
        {
            return unreadable;
        }

        _gateway.Follow(id!);
        return new ChatOutcome.Done(id!);
    }

    public async Task<ChatOutcome> ReactAsync(ChatPlace place, string messageId, string? emoji, CancellationToken ct)
    {
        if (NoId(place.Chat, messageId) is { } refused)
        {
            return refused;
        }

        // Which ones are there is Discord's to say: another node may have put them, and a try may be the second.
        var answer = await _api.CallAsync(DiscordRoute.Message(place.Chat, messageId), null, ct);
        if (answer is not DiscordAnswer.Done(var body))
        {
            return Outcome(answer, messageId);
        }

        var own = (DiscordJson.Read(body, DiscordJson.Default.DiscordMessage)?.Reactions ?? [])
            .Where(reaction => reaction is { Me: true, Emoji: { Id: null, Name.Length: > 0 } })
            .Select(reaction => reaction!.Emoji!.Name!)
            .ToList();
        if (emoji is not null && !own.Remove(emoji))
        {
            answer = await _api.CallAsync(DiscordRoute.React(HttpMethod.Put, place.Chat, messageId, emoji), null, ct);
        }

        foreach (var old in own)
        {
            answer = answer is DiscordAnswer.Done
                ? await _api.CallAsync(DiscordRoute.React(HttpMethod.Delete, place.Chat, messageId, old), null, ct)
                : answer;
        }

        return Outcome(answer, messageId);
    }

    public async Task<ChatOutcome> ShowTypingAsync(ChatPlace place, CancellationToken ct) =>
        NoId(place.Chat) ?? Outcome(await _api.CallAsync(DiscordRoute.Type(place.Chat), null, ct), "");

    /// <summary>Discord: Channel, trigger typing indicator; it expires after 10 seconds.</summary>
    public TimeSpan TypingLasts => TimeSpan.FromSeconds(10);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static ChatOutcome Posted(DiscordAnswer answer) => answer is DiscordAnswer.Done(var body)
        ? new ChatOutcome.Done(DiscordJson.Read(body, DiscordJson.Default.DiscordMessage)?.Id ?? "")
        : Outcome(answer, "");

    private static RepliedTo? ReplyTo(string? messageId) => Snowflake.IsValid(messageId) ? new(messageId!) : null;

    private async Task<ChatOutcome> AnswerAsync<T>(string pressId, T answer, JsonTypeInfo<T> type, CancellationToken ct)
    {
        var slash = pressId.IndexOf('/', StringComparison.Ordinal);
        return NoId(pressId[..Math.Max(slash, 0)])
            ?? Outcome(await _api.CallAsync(DiscordRoute.Answer(pressId[..slash], pressId[(slash + 1)..]), answer, type, ct), "");
    }

    private static ChatOutcome Outcome(DiscordAnswer answer, string messageId) => answer switch
    {
        DiscordAnswer.Done => new ChatOutcome.Done(messageId),
        DiscordAnswer.Later later => new ChatOutcome.Later(later.Wait) { Told = later.Told },
        DiscordAnswer.Refused(var reason) => new ChatOutcome.Refused(reason),
        _ => throw new InvalidOperationException("No such answer."),
    };

    private static ChatOutcome.Refused? NoId(params ReadOnlySpan<string?> ids)
    {
        foreach (var id in ids)
        {
            if (!Snowflake.IsValid(id))
            {
                return new("A Discord id is a number; this is none.");
            }
        }

        return null;
    }

    private static List<ActionRow> Rows(IReadOnlyList<ChatButton> buttons) =>
        [.. buttons
            .Select(button => new Button(
                button.Label.Length > Button.LongestLabel ? button.Label[..Button.LongestLabel] : button.Label, button.Data))
            .Chunk(ActionRow.Widest)
            .Select(row => new ActionRow(row))];

    /// <summary>24 of the 25 characters that Discord takes.</summary>
    private static string Nonce(string once) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(once)))[..24];
}
