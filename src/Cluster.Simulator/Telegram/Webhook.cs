using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Cluster.Simulator.Telegram;

/// <summary>Webhook mode (Telegram Bot API: setWebhook, deleteWebhook, getWebhookInfo). Updates are told one after the other, over one connection whatever
/// is asked for; what is not answered by 2xx is told again until it is.</summary>
internal sealed partial class Webhook(UpdateQueue updates, TimeProvider clock) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // Telegram Bot API: setWebhook, "Ports currently supported for webhooks: 443, 80, 88, 8443".
    private static readonly int[] Ports = [443, 80, 88, 8443];

    private readonly Lock _lock = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(60) };
    private (string Url, string? Secret, int MaxConnections) _set = ("", null, 40);
    private (DateTimeOffset At, string Message)? _lastError;
    private CancellationTokenSource? _stop;
    private Task _sending = Task.CompletedTask;

    public bool AllowLoopback { get; set; }

    public string? Failure { get; set; }

    public (string Url, string? Secret, int MaxConnections) Set
    {
        get
        {
            lock (_lock)
            {
                return _set;
            }
        }
    }

    public static bool Answers(string method) => method is "setWebhook" or "deleteWebhook" or "getWebhookInfo";

    /// <exception cref="RefusedException">With the words of the real one.</exception>
    public Answer Call(string method, JsonElement request)
    {
        switch (method)
        {
            case "setWebhook":
                SetFrom(request);
                return Answer.True;
            case "deleteWebhook":
                Change(("", null, 40), sends: false);
                return Answer.True;
            default:
                return new Answer(200, Describe());
        }
    }

    public void SetElsewhere(string url) => Change((url, null, 40), sends: false);

    public async ValueTask DisposeAsync()
    {
        Change(("", null, 40), sends: false);
        await _sending;
        _http.Dispose();
    }

    private void SetFrom(JsonElement request)
    {
        var url = request.GetProperty("url").GetString()!;
        var secret = request.TryGetProperty("secret_token", out var token) ? token.GetString() : null;
        var connections = request.TryGetProperty("max_connections", out var most) ? most.GetInt32() : 40;
        if (secret is not null && !SecretForm().IsMatch(secret))
        {
            throw RefusedException.Bad(secret.Length is 0 or > 256 ? "secret token is too long" : "secret token contains unallowed characters");
        }

        if (connections is < 1 or > 100)
        {
            throw RefusedException.Bad("max_connections must be between 1 and 100");
        }

        if (url.Length > 0)
        {
            var isHere = AllowLoopback && Uri.TryCreate(url, UriKind.Absolute, out var here) && here is { IsLoopback: true, Scheme: "http" };
            if (!isHere && (!Uri.TryCreate(url, UriKind.Absolute, out var there) || there.Scheme != "https"))
            {
                throw RefusedException.Bad("bad webhook: An HTTPS URL must be provided for webhook");
            }

            if (!isHere && !Ports.Contains(new Uri(url).Port))
            {
                throw RefusedException.Bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443");
            }
        }

        updates.Allow(request.TryGetProperty("allowed_updates", out var kinds) ? kinds.EnumerateArray().Select(kind => kind.GetString()!).ToList() : null);
        Change((url, secret, connections), sends: url.Length > 0);
    }

    private JsonObject Describe()
    {
        lock (_lock)
        {
            var info = new JsonObject
            {
                ["url"] = _set.Url,
                ["has_custom_certificate"] = false,
                ["pending_update_count"] = updates.Count,
                ["max_connections"] = _set.MaxConnections,
            };
            if (_lastError is var (at, message))
            {
                info["last_error_date"] = at.ToUnixTimeSeconds();
                info["last_error_message"] = message;
            }

            return info;
        }
    }

    private void Change((string Url, string? Secret, int MaxConnections) set, bool sends)
    {
        lock (_lock)
        {
            _stop?.Cancel();
            _stop?.Dispose();
            _stop = sends ? new CancellationTokenSource() : null;
            (_set, _lastError) = (set, null);
            if (_stop is { Token: var ct })
            {
                var before = _sending;
                _sending = Task.Run(() => SendAsync(before, set.Url, set.Secret, ct), CancellationToken.None);
            }
        }
    }

    private async Task SendAsync(Task before, string url, string? secret, CancellationToken ct)
    {
        await before;
        var pause = FirstPause;
        try
        {
            while (true)
            {
                var (id, json) = await updates.FirstAsync(ct);
                if (await TellAsync(url, secret, json, ct) is not { } error)
                {
                    updates.Acknowledge(id);
                    pause = FirstPause;
                    continue;
                }

                lock (_lock)
                {
                    if (ct.IsCancellationRequested)
                    {
                        return;
                    }

                    _lastError = (clock.GetUtcNow(), error);
                }

                await Task.Delay(pause, clock, ct);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        catch (OperationCanceledException)
        {
            // Another webhook was set, or none.
        }
    }

    /// <returns>What went wrong, in words of the real one; null when it was taken.</returns>
    private async Task<string?> TellAsync(string url, string? secret, string json, CancellationToken ct)
    {
        if (Failure is { } failure)
        {
            return failure;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(json, Encoding.UTF8) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (secret is not null)
        {
            request.Headers.Add("X-Telegram-Bot-Api-Secret-Token", secret);
        }

        try
        {
            using var answer = await _http.SendAsync(request, ct);
            return answer.IsSuccessStatusCode ? null : $"Wrong response from the webhook: {(int)answer.StatusCode} {ReasonOf(answer.StatusCode)}";
        }
        catch (HttpRequestException)
        {
            return "Connection refused";
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return "Read timeout expired";
        }
    }

    private static string ReasonOf(HttpStatusCode status) => Regex.Replace(status.ToString(), "(?<=[a-z])(?=[A-Z])", " ");

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,256}\z")]
    private static partial Regex SecretForm();
}
