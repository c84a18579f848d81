using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Cluster.Chat.Discord;

/// <summary>What Discord answered to a call.</summary>
internal abstract record DiscordAnswer
{
    private DiscordAnswer()
    {
    }

    /// <param name="Body">Empty for an answer without one.</param>
    public sealed record Done(byte[] Body) : DiscordAnswer;

    /// <summary>The limits: not asked, or turned away.</summary>
    public sealed record Later(TimeSpan Wait) : DiscordAnswer
    {
        /// <summary>Discord turned it away.</summary>
        public bool Told { get; init; }
    }

    /// <param name="Reason">Discord's words.</param>
    public sealed record Refused(string Reason) : DiscordAnswer;
}

/// <summary>Discord's REST API, version 10, as far as a chat bot needs it.</summary>
internal sealed class DiscordApi
{
    /// <summary>Discord: API Reference, user agent: <c>DiscordBot ($url, $versionNumber)</c>. This program has no address of its own yet; the form
    /// wants one, and <c>.example</c> is never anybody's (RFC 2606).</summary>
    private static readonly string UserAgent = $"DiscordBot (https://channel-cluster.example, {typeof(DiscordApi).Assembly.GetName().Version!.ToString(3)})";

    private const int LongestAnswer = 8 * 1024 * 1024;
    private const int LongestReason = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UnknownWait = TimeSpan.FromSeconds(5);

    private readonly string _token;
    private readonly Uri _address;
    private readonly HttpClient _http;
    private readonly TimeProvider _clock;
    private readonly DiscordLimits _limits;

    public DiscordApi(string token, Uri address, HttpClient http, TimeProvider clock)
    {
        _token = token;
        _address = address.AbsoluteUri.EndsWith('/') ? address : new(address.AbsoluteUri + "/");
        _http = http;
        _clock = clock;
        _limits = new(clock);
    }

    public async Task<DiscordUser> MeAsync(CancellationToken ct) =>
        await GetAsync(DiscordRoute.Me, DiscordJson.Default.DiscordUser, ct) is var me && Snowflake.IsValid(me.Id)
            ? me
            : throw new HttpRequestException("Discord does not tell who the bot is.");

    public Task<DiscordApplication> ApplicationAsync(CancellationToken ct) =>
        GetAsync(DiscordRoute.Application, DiscordJson.Default.DiscordApplication, ct);

    public Task<GatewayInfo> GatewayAsync(CancellationToken ct) => GetAsync(DiscordRoute.Gateway, DiscordJson.Default.GatewayInfo, ct);

    /// <summary>Whether a secret may go to this address: encrypted, unless Discord itself is only pretended.</summary>
    public bool MayHearToken(Uri gateway) => gateway.Scheme == "wss" || _address.Scheme == "http";

    /// <exception cref="HttpRequestException">Discord is away or fails: try again.</exception>
    /// <exception cref="ChatRefusedException">It does not know the token.</exception>
    public Task<DiscordAnswer> CallAsync<T>(DiscordRoute route, T body, JsonTypeInfo<T> type, CancellationToken ct) =>
        CallAsync(route, JsonSerializer.SerializeToUtf8Bytes(body, type), ct);

    /// <inheritdoc cref="CallAsync{T}"/>
    public async Task<DiscordAnswer> CallAsync(DiscordRoute route, byte[]? json, CancellationToken ct)
    {
        using var content = json is null ? null : new ByteArrayContent(json);
        if (content is not null)
        {
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        return await CallAsync(route, content, Patience, ct);
    }

    /// <inheritdoc cref="CallAsync{T}"/>
    public Task<DiscordAnswer> UploadAsync(DiscordRoute route, UploadForm form, CancellationToken ct) =>
        CallAsync(route, form, Patience + form.Patience, ct);

    /// <summary>Fetches a file without telling who asks.</summary>
    public Task<FetchOutcome> DownloadAsync(Uri address, long most, CancellationToken ct) => FetchedFile.OpenAsync(_http, address, most, _clock, ct);

    /// <summary>Whether files may be fetched from there: Discord's own hosts (Discord: API Reference, signed attachment CDN URLs; Message,
    /// attachment structure, proxy_url), or wherever the API itself is.</summary>
    public bool IsOwn(Uri file) =>
        file.UserInfo.Length == 0
        && ((file.Scheme == Uri.UriSchemeHttps && file.IsDefaultPort && file.Host is "cdn.discordapp.com" or "media.discordapp.net")
            || (file.Scheme == _address.Scheme && file.Authority == _address.Authority));

    private async Task<DiscordAnswer> CallAsync(DiscordRoute route, HttpContent? content, TimeSpan patience, CancellationToken ct)
    {
        // A header with a line break in it would be an error that quotes the token.
        if (_token.Length == 0 || !_token.All(c => c is > ' ' and < '\x7f'))
        {
            throw new ChatRefusedException("The bot's token holds characters that no Discord token has; copy it again from the developer portal.");
        }

        if (_limits.Take(route) is var wait && wait > TimeSpan.Zero)
        {
            return new DiscordAnswer.Later(wait);
        }

        using var request = new HttpRequestMessage(route.Method, new Uri(_address, route.Path));
        request.Headers.Authorization = new("Bot", _token);
        request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        request.Content = content;
        using var late = new CancellationTokenSource(patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            await answer.Content.LoadIntoBufferAsync(LongestAnswer, either.Token);
            return await ReadAsync(route, answer, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new HttpRequestException("Discord did not answer in time.");
        }
    }

    private async Task<DiscordAnswer> ReadAsync(DiscordRoute route, HttpResponseMessage answer, CancellationToken ct)
    {
        _limits.Learn(route, answer);
        var body = await answer.Content.ReadAsByteArrayAsync(ct);
        if (answer.IsSuccessStatusCode)
        {
            return new DiscordAnswer.Done(body);
        }

        var error = DiscordJson.Read(body, DiscordJson.Default.DiscordError);
        switch (answer.StatusCode)
        {
            case HttpStatusCode.Unauthorized:
                throw new ChatRefusedException(Refusals.UnknownToken);
            case HttpStatusCode.TooManyRequests:
                var wait = error?.RetryAfter is { } seconds ? DiscordLimits.Seconds(seconds) : answer.Headers.RetryAfter?.Delta ?? UnknownWait;
                _limits.Wait(route, wait, error?.Global == true);
                return new DiscordAnswer.Later(wait) { Told = true };
            case HttpStatusCode.RequestEntityTooLarge:
                return new DiscordAnswer.Refused("It is larger than Discord takes here.");
            // Without words of Discord's API it is something on the way there, and that may pass.
            case >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError when error?.Message is { Length: > 0 } reason:
                return new DiscordAnswer.Refused($"{(reason.Length > LongestReason ? reason[..LongestReason] : reason)} ({error.Code})");
            default:
                throw new HttpRequestException($"Discord answered {(int)answer.StatusCode}.", null, answer.StatusCode);
        }
    }

    private async Task<T> GetAsync<T>(DiscordRoute route, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class => await CallAsync(route, null, ct) switch
        {
            DiscordAnswer.Done(var body) => DiscordJson.Read(body, type) ?? throw new HttpRequestException("Discord's answer cannot be read."),
            DiscordAnswer.Later(var wait) => throw new HttpRequestException($"Discord asks to wait for {wait.TotalSeconds:0.#} s."),
            DiscordAnswer.Refused(var reason) => throw new HttpRequestException($"Discord refuses: {reason}."),
            _ => throw new InvalidOperationException("No such answer."),
        };
}
