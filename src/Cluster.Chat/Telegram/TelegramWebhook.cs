using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cluster.Core.Events;

namespace Cluster.Chat.Telegram;

/// <summary>Webhook mode (Telegram Bot API: setWebhook). What is not answered by 2xx is sent again; while it is set, getUpdates is refused.</summary>
internal sealed class TelegramWebhook(TelegramApi api, string token, Func<CancellationToken, Task<ChatAccount>> account, TimeProvider clock) : IChatWebhook
{
    // An error is one of now while something waits and it is not older than this; Telegram keeps the last one for ever.
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(10);

    public string Path { get; } = Convert.ToHexStringLower(Derive(token, "telegram webhook path", 16));

    public string SecretHeader => "X-Telegram-Bot-Api-Secret-Token";

    /// <summary>Telegram Bot API: setWebhook, secret_token: "1-256 characters. Only characters A-Z, a-z, 0-9, _ and - are allowed".</summary>
    public string Secret { get; } = Convert.ToHexStringLower(Derive(token, "telegram webhook secret", 32));

    public async Task<ChatUpdate?> ReadAsync(JsonElement told, CancellationToken ct) => TelegramUpdates.Read(told, await account(ct));

    public async Task SettleAsync(IChatInbox inbox, CancellationToken ct)
    {
        if ((await LookAsync(ct)).Url.Length == 0)
        {
            await new TelegramReceiver(api, () => account(ct), inbox, clock).SettleAsync(ct);
        }
    }

    public async Task<string?> KeepAsync(Uri url, bool anew, CancellationToken ct)
    {
        var info = await LookAsync(ct);
        if (anew || info.Url != url.AbsoluteUri)
        {
            var set = await api.SetWebhookAsync(url, Secret, ct);
            if (set is { Ok: false, ErrorCode: 429 })
            {
                throw new HttpRequestException("Telegram wants to be asked later to set a webhook.");
            }

            if (!set.Ok)
            {
                return $"Telegram does not take {Origin(url)} as this bot's webhook: {Line(set.Description)}. Correct Cluster:PublicUrl on every node, or let the bot ask instead: cluster bot mode NAME poll";
            }
        }

        return info is { PendingUpdateCount: > 0, LastErrorMessage: { } error, LastErrorDate: { } at } && clock.GetUtcNow() - Time(at) < Recent
            ? $"Telegram cannot deliver to {Origin(url)}/hooks/: {Line(error)}; {info.PendingUpdateCount} wait there. Make that address reachable from the internet, with a certificate that Telegram trusts."
            : null;
    }

    public async Task ForgetAsync(CancellationToken ct)
    {
        if ((await LookAsync(ct)).Url.EndsWith($"/{Path}", StringComparison.Ordinal))
        {
            await api.DeleteWebhookAsync(ct);
        }
    }

    private async Task<TelegramWebhookInfo> LookAsync(CancellationToken ct) => await api.GetWebhookInfoAsync(ct) switch
    {
        { Ok: true } answer => TelegramApi.Read("getWebhookInfo", answer, TelegramJson.Default.TelegramWebhookInfo),
        var refused => throw new HttpRequestException($"Telegram refused getWebhookInfo: {refused.ErrorCode} {refused.Description}"),
    };

    // A bot's token holds some 200 random bits, which are as good as a key.
    private static byte[] Derive(string token, string purpose, int length) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(token), length, info: Encoding.UTF8.GetBytes(purpose));

    // The rest of the address is nobody's business.
    private static string Origin(Uri url) => url.GetLeftPart(UriPartial.Authority);

    private static string Line(string? said) => HostileText.Cut(HostileText.Clean(said ?? "").ReplaceLineEndings(" ").Trim().TrimEnd('.'), 200);

    private static DateTimeOffset Time(long seconds) => DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, 253_402_300_799));
}
