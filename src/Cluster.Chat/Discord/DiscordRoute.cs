namespace Cluster.Chat.Discord;

/// <summary>One thing to ask of Discord, and which limits count for it.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Name">The address without its ids: routes of one name share a bucket.</param>
/// <param name="Major">The id that splits the bucket (Discord: Rate Limits: top-level resources).</param>
/// <param name="Path">Below the base address.</param>
internal sealed record DiscordRoute(HttpMethod Method, string Name, string Major, string Path)
{
    /// <summary>Up to 100.</summary>
    public const int PageSize = 50;

    /// <summary>Interactions are not bound to the global limit (Discord: Rate Limits, global rate limit).</summary>
    public bool CountsForAll { get; init; } = true;

    public static DiscordRoute Me { get; } = new(HttpMethod.Get, "me", "", "users/@me");

    public static DiscordRoute Application { get; } = new(HttpMethod.Get, "application", "", "applications/@me");

    public static DiscordRoute Gateway { get; } = new(HttpMethod.Get, "gateway", "", "gateway/bot");

    public static DiscordRoute Post(string channel) => new(HttpMethod.Post, "post", channel, $"channels/{channel}/messages");

    public static DiscordRoute Edit(string channel, string message) =>
        new(HttpMethod.Patch, "edit", channel, $"channels/{channel}/messages/{message}");

    public static DiscordRoute Message(string channel, string message) =>
        new(HttpMethod.Get, "message", channel, $"channels/{channel}/messages/{message}");

    /// <summary>A page of what came after a message (Discord: Message, get channel messages).</summary>
    public static DiscordRoute MessagesAfter(string channel, string message) =>
        new(HttpMethod.Get, "messages", channel, $"channels/{channel}/messages?after={message}&limit={PageSize}");

    public static DiscordRoute React(HttpMethod method, string channel, string message, string emoji) =>
        new(method, $"react {method}", channel, $"channels/{channel}/messages/{message}/reactions/{Uri.EscapeDataString(emoji)}/@me");

    public static DiscordRoute Type(string channel) => new(HttpMethod.Post, "type", channel, $"channels/{channel}/typing");

    public static DiscordRoute Thread(string channel) => new(HttpMethod.Post, "thread", channel, $"channels/{channel}/threads");

    public static DiscordRoute Commands(HttpMethod method, string application) =>
        new(method, $"commands {method}", application, $"applications/{application}/commands");

    public static DiscordRoute Answer(string interaction, string token) =>
        new(HttpMethod.Post, "answer", interaction, $"interactions/{interaction}/{Uri.EscapeDataString(token)}/callback") { CountsForAll = false };
}
