using System.Text.Json;

namespace Cluster.Chat;

/// <summary>A bot whose platform can tell what people do by calling an address, instead of being asked.</summary>
public interface ICanTakeWebhooks
{
    IChatWebhook Webhook { get; }
}

/// <summary>How a platform calls in. Path and secret follow from the bot's token, so every node knows them and nobody else does.</summary>
public interface IChatWebhook
{
    /// <summary>The last part of the address: 32 hexadecimal digits.</summary>
    string Path { get; }

    /// <summary>The header in which the platform sends the secret.</summary>
    string SecretHeader { get; }

    string Secret { get; }

    /// <summary>One update, as if it had been asked for.</summary>
    /// <returns>Null for what is not of a person, and for what cannot be read.</returns>
    Task<ChatUpdate?> ReadAsync(JsonElement told, CancellationToken ct);

    /// <summary>Brings to its end what was begun while the bot asked for updates, before its platform calls: told one by one, nobody would know
    /// again what was put together then.</summary>
    /// <exception cref="HttpRequestException">The platform is away: try again first.</exception>
    Task SettleAsync(IChatInbox inbox, CancellationToken ct);

    /// <summary>Has the platform call this address, and looks how that goes.</summary>
    /// <param name="url">Ends in <see cref="Path"/>.</param>
    /// <param name="anew">Sets it even where it is set already, since not all of it can be seen there.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>What keeps updates from arriving, and what to do; null when nothing does.</returns>
    /// <exception cref="ChatRefusedException">The platform does not know the token.</exception>
    Task<string?> KeepAsync(Uri url, bool anew, CancellationToken ct);

    /// <summary>Has the platform call our address no more. What somebody else has set stays.</summary>
    Task ForgetAsync(CancellationToken ct);
}
