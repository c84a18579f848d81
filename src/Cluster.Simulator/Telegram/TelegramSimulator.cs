using System.Text;
using System.Text.Json;
using Cluster.Simulator.Telegram.Page;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Cluster.Simulator.Telegram;

/// <summary>A Telegram Bot API with one bot, as strict as the real one, and the people who talk with that bot.</summary>
public sealed partial class TelegramSimulator : SimulatedPlatform
{
    /// <summary>The token of the one bot, unless it is given another.</summary>
    public const string Token = "7000:simulated_token-of-the-one-bot";

    /// <summary>The bot's user id.</summary>
    public const long BotId = 7000;

    /// <summary>The name by which people mention it.</summary>
    public const string BotName = "Cluster_Bot";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly Happenings _happenings = new();
    private readonly Faults _faults = new();
    private readonly World _world;
    private readonly UpdateQueue _updates;
    private readonly BotMethods _methods;
    private readonly string _token;
    private readonly ChatPage? _page;
    private volatile bool _revoked;
    private readonly Webhook _webhook;

    /// <param name="clock">Null for the machine's.</param>
    /// <param name="token">The bot's token.</param>
    /// <param name="pageKey">Serves a page for people at <c>/#KEY</c>; null for none.</param>
    /// <param name="after">Ids begin after this: whoever knows an earlier run must not take its ids for new ones.</param>
    public TelegramSimulator(TimeProvider? clock = null, string token = Token, string? pageKey = null, long after = 0)
    {
        _token = token;
        _world = new World(BotId, BotName, clock ?? TimeProvider.System, after);
        _updates = new UpdateQueue(clock ?? TimeProvider.System, after + 1000);
        _methods = new BotMethods(_world, new RateLimits(clock ?? TimeProvider.System), _happenings);
        _webhook = new Webhook(_updates, clock ?? TimeProvider.System);
        if (pageKey is not null)
        {
            _page = new ChatPage(this, _world, pageKey);
            ChatPage.Introduce(this);
        }
    }

    /// <summary>Whether more messages than Telegram lets through are answered by 429.</summary>
    public bool RateLimited
    {
        get => _methods.RateLimited;
        set => _methods.RateLimited = value;
    }

    /// <summary>How often the bot has sent more than Telegram lets through, while <see cref="RateLimited"/>.</summary>
    public int TooMany => _methods.TooMany;

    /// <summary>From now on the token is unknown.</summary>
    public void Revoke() => _revoked = true;

    /// <summary>Somebody set a webhook, which nobody hears of here, or took it away.</summary>
    public void SetWebhook(bool set) => _webhook.SetElsewhere(set ? "https://example.com/somebody-elses" : "");

    /// <summary>Webhooks may be addresses of this machine, which the real one does not reach.</summary>
    public bool AllowLoopbackWebhooks
    {
        get => _webhook.AllowLoopback;
        set => _webhook.AllowLoopback = value;
    }

    /// <summary>What is told to the webhook does not arrive, for this reason; null when it does.</summary>
    public string? WebhookFailure
    {
        get => _webhook.Failure;
        set => _webhook.Failure = value;
    }

    /// <summary>The webhook as it is set; the address is empty when there is none.</summary>
    public (string Url, string? Secret, int MaxConnections) WebhookSet => _webhook.Set;

    /// <summary>The next calls of a method are answered by an error and not done.</summary>
    public void FailNext(string method, int status, string description, int times = 1) =>
        _faults.Add(method, new(FaultKind.Fail, new Answer(status, null, description)), times);

    /// <summary>The next calls of a method are answered by 429.</summary>
    public void LimitNext(string method, int retryAfterSeconds, int times = 1) =>
        _faults.Add(method, new(FaultKind.Fail, RefusedException.TooMany(retryAfterSeconds).Answer), times);

    /// <summary>The connection breaks at the next calls of a method.</summary>
    /// <param name="method">Such as <c>sendMessage</c>.</param>
    /// <param name="done">Whether what was asked is done all the same.</param>
    /// <param name="times">How many calls.</param>
    public void DropNext(string method, bool done = false, int times = 1) =>
        _faults.Add(method, new(done ? FaultKind.LoseAnswer : FaultKind.Drop, null), times);

    /// <summary>The next call of a method is done when something else is.</summary>
    public void HoldNext(string method, Task until) => _faults.Add(method, new(FaultKind.Hold, null, until), 1);

    /// <summary>What goes wrong when the next file is fetched.</summary>
    public FileTrouble FileTrouble { get; set; }

    /// <summary>What the next getFile says of the path, instead of the true one.</summary>
    public void NameNextFile(string path)
    {
        lock (_world.Lock)
        {
            _methods.Files.NextPath = path;
        }
    }

    /// <summary>The next message of the bot in a chat that nobody has waited for yet.</summary>
    public Task<SimulatedMessage> NextMessageAsync(long chatId, CancellationToken ct) => _happenings.Messages.NextAsync(chatId, ct);

    /// <summary>The next message of the bot in a chat to be edited, as it is then.</summary>
    public Task<SimulatedMessage> NextEditAsync(long chatId, CancellationToken ct) => _happenings.Edits.NextAsync(chatId, ct);

    /// <summary>The next reaction of the bot in a chat.</summary>
    public Task<SimulatedReaction> NextReactionAsync(long chatId, CancellationToken ct) => _happenings.Reactions.NextAsync(chatId, ct);

    /// <summary>The next time that the bot shows that it types; the topic, where there is one.</summary>
    public Task<long?> NextTypingAsync(long chatId, CancellationToken ct) => _happenings.Typing.NextAsync(chatId, ct);

    /// <summary>What whoever pressed a button is told.</summary>
    public Task<SimulatedPressAnswer> NextPressAnswerAsync(string pressId, CancellationToken ct) => _happenings.PressAnswers.NextAsync(pressId, ct);

    /// <summary>The body of the next call of a method, whatever becomes of it.</summary>
    public Task<string> NextCallAsync(string method, CancellationToken ct) => _happenings.Calls.NextAsync(method, ct);

    /// <summary>Completes when the bot has acknowledged everything that people did until now.</summary>
    public Task AcknowledgedAsync(CancellationToken ct) => _updates.ConfirmedAsync(_updates.LastId).WaitAsync(ct);

    /// <summary>The bot's messages in a chat as people see them now.</summary>
    public IReadOnlyList<SimulatedMessage> Messages(long chatId)
    {
        lock (_world.Lock)
        {
            return _world.Shown(chatId);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _webhook.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Map(WebApplication app) => app.Run(ServeAsync);

    private async Task ServeAsync(HttpContext context)
    {
        if (_page is null || !await _page.TryServeAsync(context))
        {
            await AnswerBotAsync(context);
        }
    }

    private Task AnswerBotAsync(HttpContext context) => (context.Request.Path.Value ?? "").Split('/') switch
    {
        ["", ['b', 'o', 't', .. var token], var method] => CallAsync(context, token, method),
        ["", "file", ['b', 'o', 't', .. var token], .. var path] => HandOutAsync(context, token, string.Join('/', path)),
        _ => WriteAsync(context, new Answer(404, null, "Not Found")),
    };

    private async Task HandOutAsync(HttpContext context, string token, string path)
    {
        StoredFile? file;
        FileTrouble trouble;
        lock (_world.Lock)
        {
            file = token == _token && !_revoked ? _methods.Files.At(path) : null;
            (trouble, FileTrouble) = (FileTrouble, FileTrouble.None);
        }

        if (file is null)
        {
            await WriteAsync(context, new Answer(404, null, "Not Found"));
            return;
        }

        await SimulatedFiles.ServeAsync(context, file.Content, trouble);
    }

    private async Task CallAsync(HttpContext context, string token, string method)
    {
        if (context.Request.ContentLength > RequestForms.LargestRequest)
        {
            await RequestForms.RefuseAsync(context);
            return;
        }

        FormRequest? form = null;
        string request;
        if (context.Request.HasFormContentType)
        {
            try
            {
                form = await RequestForms.ReadAsync(context.Request, context.RequestAborted);
                request = form.Fields.GetRawText();
            }
            catch (RefusedException e)
            {
                await WriteAsync(context, e.Answer);
                return;
            }
        }
        else
        {
            using var body = new StreamReader(context.Request.Body, Encoding.UTF8);
            request = await body.ReadToEndAsync(context.RequestAborted);
        }

        _happenings.Calls.Put(method, request);
        var fault = _faults.Take(method);
        if (fault is { Kind: FaultKind.Drop })
        {
            context.Abort();
            return;
        }

        await (fault?.Until ?? Task.CompletedTask).WaitAsync(context.RequestAborted);
        var answer = token != _token || _revoked ? new Answer(401, null, "Unauthorized") : fault?.Answer;
        answer ??= await AnswerAsync(context, method, request, form);
        if (fault is { Kind: FaultKind.LoseAnswer })
        {
            context.Abort();
            return;
        }

        await WriteAsync(context, answer);
    }

    private async Task<Answer> AnswerAsync(HttpContext context, string method, string body, FormRequest? form)
    {
        try
        {
            if (context.Request.Method != "POST" || (form is null && !context.Request.HasJsonContentType()))
            {
                throw RefusedException.Bad("expected a POST of JSON, or of a form");
            }

            using var request = JsonDocument.Parse(body, Strict);
            RequestShapes.Check(method, request.RootElement);
            return Webhook.Answers(method) ? _webhook.Call(method, request.RootElement) : method == "getUpdates"
                ? await PollAsync(request.RootElement, context.RequestAborted)
                : _methods.Call(method, request.RootElement, form?.Files ?? new Dictionary<string, SimulatedFile>());
        }
        catch (RefusedException e)
        {
            return e.Answer;
        }
        catch (JsonException)
        {
            return RefusedException.Bad("can't parse the request as a JSON object").Answer;
        }
    }

    private async Task<Answer> PollAsync(JsonElement request, CancellationToken ct)
    {
        if (_webhook.Set.Url.Length > 0)
        {
            throw new RefusedException(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first");
        }

        return new Answer(200, null)
        {
            Raw = await _updates.TakeAsync(
                request.TryGetProperty("offset", out var offset) ? offset.GetInt64() : null,
                Math.Clamp(request.TryGetProperty("limit", out var limit) ? limit.GetInt32() : 100, 1, 100),
                Math.Clamp(request.TryGetProperty("timeout", out var timeout) ? timeout.GetInt32() : 0, 0, 50),
                request.TryGetProperty("allowed_updates", out var kinds) ? kinds.EnumerateArray().Select(kind => kind.GetString()!).ToList() : null,
                ct),
        };
    }

    private static Task WriteAsync(HttpContext context, Answer answer)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(answer.ToJson(), context.RequestAborted);
    }
}
