using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace Cluster.Chat.Telegram;

/// <summary>The Telegram Bot API over HTTP. The token is part of every address, so no exception of the layers below leaves this class.</summary>
internal sealed partial class TelegramApi(string token, Uri baseAddress, HttpClient http, TimeProvider clock)
{
    /// <summary>How long getUpdates waits for something to tell (Telegram Bot API: getUpdates, timeout).</summary>
    public const int PollSeconds = 50;

    private const int TooLarge = 413;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollPatience = TimeSpan.FromSeconds(PollSeconds + 15);
    private static readonly IReadOnlyList<string> Kinds = ["message", "edited_message", "callback_query"];

    public async Task<TelegramUser> GetMeAsync(CancellationToken ct)
    {
        var answer = await CallAsync("getMe", new TelegramNothing(), TelegramJson.Default.TelegramNothing, Patience, ct);
        return answer.Ok
            ? Read("getMe", answer, TelegramJson.Default.TelegramUser)
            : throw new HttpRequestException($"Telegram refused getMe: {answer.ErrorCode} {answer.Description}");
    }

    /// <param name="offset">What came before is forgotten there.</param>
    /// <param name="wait">Whether to wait when there is nothing to tell.</param>
    /// <param name="ct">Cancels.</param>
    public Task<TelegramAnswer> GetUpdatesAsync(long? offset, bool wait, CancellationToken ct) => CallAsync(
        "getUpdates",
        new GetUpdates { Offset = offset, Timeout = wait ? PollSeconds : 0, AllowedUpdates = Kinds },
        TelegramJson.Default.GetUpdates,
        PollPatience,
        ct);

    public Task<TelegramAnswer> SendMessageAsync(SendMessage message, CancellationToken ct) =>
        CallAsync("sendMessage", message, TelegramJson.Default.SendMessage, Patience, ct);

    public Task<TelegramAnswer> EditMessageTextAsync(EditMessageText edit, CancellationToken ct) =>
        CallAsync("editMessageText", edit, TelegramJson.Default.EditMessageText, Patience, ct);

    public Task<TelegramAnswer> AnswerCallbackQueryAsync(AnswerCallbackQuery answer, CancellationToken ct) =>
        CallAsync("answerCallbackQuery", answer, TelegramJson.Default.AnswerCallbackQuery, Patience, ct);

    public Task<TelegramAnswer> SetMessageReactionAsync(SetMessageReaction reaction, CancellationToken ct) =>
        CallAsync("setMessageReaction", reaction, TelegramJson.Default.SetMessageReaction, Patience, ct);

    /// <summary>Telegram Bot API: sending files, "Post the file using multipart/form-data".</summary>
    public Task<TelegramAnswer> SendFilesAsync(string method, UploadForm form, CancellationToken ct) =>
        CallAsync(method, form, Patience + form.Patience, ct);

    public Task<TelegramAnswer> GetFileAsync(GetFile file, CancellationToken ct) =>
        CallAsync("getFile", file, TelegramJson.Default.GetFile, Patience, ct);

    /// <summary>Telegram Bot API: getFile, "The file can then be downloaded via the link https://api.telegram.org/file/bot&lt;token&gt;/&lt;file_path&gt;".</summary>
    public Task<FetchOutcome> DownloadAsync(string escapedPath, long most, CancellationToken ct) =>
        FetchedFile.OpenAsync(http, new Uri($"{baseAddress.AbsoluteUri.TrimEnd('/')}/file/bot{token}/{escapedPath}"), most, clock, ct);

    public Task<TelegramAnswer> SendChatActionAsync(SendChatAction action, CancellationToken ct) =>
        CallAsync("sendChatAction", action, TelegramJson.Default.SendChatAction, Patience, ct);

    /// <summary>One connection at a time: Telegram promises no order between several, and what is said in one chat must keep its own
    /// (Telegram Bot API: setWebhook, max_connections; Update, update_id: "should they get out of order").</summary>
    public Task<TelegramAnswer> SetWebhookAsync(Uri url, string secret, CancellationToken ct) => CallAsync(
        "setWebhook",
        new SetWebhook(url.AbsoluteUri, MaxConnections: 1, Kinds, secret),
        TelegramJson.Default.SetWebhook,
        Patience,
        ct);

    public Task<TelegramAnswer> DeleteWebhookAsync(CancellationToken ct) =>
        CallAsync("deleteWebhook", new TelegramNothing(), TelegramJson.Default.TelegramNothing, Patience, ct);

    public Task<TelegramAnswer> GetWebhookInfoAsync(CancellationToken ct) =>
        CallAsync("getWebhookInfo", new TelegramNothing(), TelegramJson.Default.TelegramNothing, Patience, ct);

    /// <summary>The result of an answer that says ok.</summary>
    public static T Read<T>(string method, TelegramAnswer answer, JsonTypeInfo<T> type)
    {
        try
        {
            return answer.Result.Deserialize(type) ?? throw Unreadable(method, 200);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Unreadable(method, 200);
        }
    }

    private async Task<TelegramAnswer> CallAsync<T>(string method, T parameters, JsonTypeInfo<T> type, TimeSpan patience, CancellationToken ct)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(parameters, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await CallAsync(method, content, patience, ct);
    }

    /// <exception cref="ChatRefusedException">Telegram does not know the token.</exception>
    /// <exception cref="HttpRequestException">Telegram cannot be reached, fails, or does not answer as it should.</exception>
    private async Task<TelegramAnswer> CallAsync(string method, HttpContent content, TimeSpan patience, CancellationToken ct)
    {
        if (!TokenShape().IsMatch(token))
        {
            throw new ChatRefusedException(
                "What was given as the token of a Telegram bot is none: expected digits, a colon, and letters and digits. Copy it from @BotFather.");
        }

        using var timeout = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
        TelegramAnswer? answer;
        var status = 0;
        try
        {
            // Uri would take "bot1:x" for a scheme if it were to join the two.
            using var response = await http.PostAsync(
                new Uri($"{baseAddress.AbsoluteUri.TrimEnd('/')}/bot{token}/{method}"), content, either.Token);
            status = (int)response.StatusCode;
            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            answer = await JsonSerializer.DeserializeAsync(body, TelegramAnswerJson.Default.TelegramAnswer, either.Token);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            throw new HttpRequestException($"Telegram did not answer {method} within {patience.TotalSeconds:0} s.");
        }
        catch (HttpRequestException e)
        {
            throw new HttpRequestException(e.HttpRequestError, $"Telegram could not be reached for {method}: {e.HttpRequestError}.");
        }
        catch (IOException)
        {
            throw new HttpRequestException($"The connection broke while Telegram answered {method}.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            answer = null;
        }

        // Whatever stands between may echo the address.
        var description = answer?.Description?.Replace(token, "TOKEN", StringComparison.Ordinal) ?? "";
        return answer switch
        {
            // What stands before the Bot API says so in a page of its own, and would say the same to every try.
            null or { Ok: false, ErrorCode: 0 } when status == TooLarge => new() { ErrorCode = TooLarge, Description = "This is too large for Telegram." },
            null or { Ok: false, ErrorCode: 0 } => throw Unreadable(method, status),
            { Ok: true } => answer,
            { ErrorCode: 401 or 404 } => throw new ChatRefusedException(
                $"Telegram does not know this bot's token ({answer.ErrorCode}): it is mistyped or was revoked. Get the current one from @BotFather."),
            { ErrorCode: >= 500 } => throw new HttpRequestException($"Telegram failed at {method}: {answer.ErrorCode} {description}"),
            _ => answer with { Description = description },
        };
    }

    private static HttpRequestException Unreadable(string method, int status) =>
        new($"What came as the answer to {method} is not one of the Telegram Bot API (HTTP {status}).");

    [GeneratedRegex(@"^\d{1,20}:[A-Za-z0-9_-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TokenShape();
}
