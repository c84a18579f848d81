using System.Security.Cryptography;
using System.Text;
using Cluster.Chat.Text;

namespace Cluster.Chat.Discord;

/// <summary>One Discord bot: hears through the gateway, speaks through the REST API.</summary>
public sealed class DiscordBot : IChatBot, ICanReact, ICanShowTyping
{
    private readonly DiscordApi _api;
    private readonly DiscordGateway _gateway;

    /// <param name="token">From the Bot page of the developer portal.</param>
    /// <param name="baseAddress">Such as <c>https://discord.com/api/v10/</c>.</param>
    /// <param name="http">Stays the caller's.</param>
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
            MessageReference = Snowflake.IsValid(post.ReplyTo) ? new(post.ReplyTo!) : null,
            Nonce = Nonce(post.Once),
        };
        var answer = await _api.CallAsync(DiscordRoute.Post(post.Place.Chat), message, DiscordJson.Default.CreateMessage, ct);
        return answer is DiscordAnswer.Done(var body)
            ? new ChatOutcome.Done(DiscordJson.Read(body, DiscordJson.Default.DiscordMessage)?.Id ?? "")
            : Outcome(answer, "");
    }

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

    public async Task<ChatOutcome> AnswerPressAsync(string pressId, string text, CancellationToken ct)
    {
        var slash = pressId.IndexOf('/', StringComparison.Ordinal);
        if (NoId(pressId[..Math.Max(slash, 0)]) is { } refused)
        {
            return refused;
        }

        var answer = new InteractionResponse(new(Split(text)[0].Formatted));
        var route = DiscordRoute.Answer(pressId[..slash], pressId[(slash + 1)..]);
        return Outcome(await _api.CallAsync(route, answer, DiscordJson.Default.InteractionResponse, ct), "");
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

    private static ChatOutcome Outcome(DiscordAnswer answer, string messageId) => answer switch
    {
        DiscordAnswer.Done => new ChatOutcome.Done(messageId),
        DiscordAnswer.Later(var wait) => new ChatOutcome.Later(wait),
        DiscordAnswer.Refused(var reason) => new ChatOutcome.Refused(reason),
        _ => throw new InvalidOperationException("No such answer."),
    };

    private static ChatOutcome.Refused? NoId(params ReadOnlySpan<string> ids)
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
