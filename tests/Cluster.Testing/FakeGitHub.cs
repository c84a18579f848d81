using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Web;

namespace Cluster.Testing;

/// <summary>The part of GitHub that delivers a repository's webhook, tries each delivery once, lists the attempts and repeats one when asked (GitHub Docs: REST,
/// repository webhooks). What GitHub would not take fails the test.</summary>
public sealed class FakeGitHub(string token, string repository, long hook, int pageSize = 100) : HttpMessageHandler
{
    private readonly Lock _lock = new();
    private readonly List<Attempt> _attempts = [];
    private readonly ConcurrentBag<string> _faults = [];
    private long _id = 1_000_000_000_000;

    /// <summary>Set once the source is there.</summary>
    public GitHubSender? Target { get; set; }

    public string Url { get; set; } = "";

    /// <summary>What it answers instead, once for each.</summary>
    public ConcurrentQueue<HttpResponseMessage> Instead { get; } = new();

    /// <summary>Deliveries that were asked for, by their guid.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>What it answers to an ask for a delivery instead, by the delivery.</summary>
    public ConcurrentDictionary<string, HttpStatusCode> Refused { get; } = new();

    /// <summary>The webhook's number, which changes when it is made again.</summary>
    public long Hook { get; set; } = hook;

    public int Lists { get; private set; }

    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Delivers an event, which may fail.</summary>
    public async Task<string> DeliverAsync(string body, string name = "check_run")
    {
        var delivery = Guid.NewGuid().ToString();
        await AttemptAsync(delivery, name, body, again: false);
        return delivery;
    }

    /// <summary>An event whose delivery nobody answered.</summary>
    public string Miss(string body, string? delivery = null)
    {
        delivery ??= Guid.NewGuid().ToString();
        Add(delivery, "check_run", body, again: false, 502);
        return delivery;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await AnswerAsync(request);
        }
        catch (InvalidOperationException e)
        {
            _faults.Add(e.Message);
            return new HttpResponseMessage(HttpStatusCode.BadRequest);
        }
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request)
    {
        var url = request.RequestUri!;
        Check(url is { Scheme: "https", Host: "api.github.com", Port: 443 }, $"It is called at {url}.");
        Check(request.Headers.UserAgent.Count > 0, "There is no User-Agent.");
        Check(request.Headers.Accept.ToString() == "application/vnd.github+json", "The Accept header is another one.");
        Check(request.Headers.GetValues("X-GitHub-Api-Version").Single() == "2022-11-28", "The version is another one.");
        if (request.Headers.Authorization?.ToString() != $"Bearer {token}")
        {
            return new HttpResponseMessage(HttpStatusCode.Unauthorized);
        }

        if (Instead.TryDequeue(out var other))
        {
            return other;
        }

        var query = HttpUtility.ParseQueryString(url.Query);
        var hooks = $"/repos/{repository}/hooks";
        if (request.Method == HttpMethod.Get && url.AbsolutePath == hooks)
        {
            return Json(new JsonArray(
                new JsonObject { ["id"] = Hook + 1, ["config"] = new JsonObject { ["url"] = "https://example.com/other" } },
                new JsonObject { ["id"] = Hook, ["config"] = new JsonObject { ["url"] = Url } }));
        }

        if (request.Method == HttpMethod.Get && url.AbsolutePath == $"{hooks}/{Hook}/deliveries")
        {
            Check(query.AllKeys.All(key => key is "per_page" or "cursor") && query["per_page"] == "100", $"It is asked {url.Query}.");
            return List(url, query["cursor"]);
        }

        var steps = url.AbsolutePath.Split('/');
        if (request.Method == HttpMethod.Post && url.AbsolutePath.StartsWith($"{hooks}/{Hook}/deliveries/", StringComparison.Ordinal) && steps is [.., var id, "attempts"])
        {
            Attempt attempt;
            lock (_lock)
            {
                attempt = _attempts.Single(one => one.Id == long.Parse(id, CultureInfo.InvariantCulture));
            }

            Asked.Enqueue(attempt.Delivery);
            if (Refused.TryGetValue(attempt.Delivery, out var refused))
            {
                return new HttpResponseMessage(refused);
            }

            await AttemptAsync(attempt.Delivery, attempt.Event, attempt.Body, again: true);
            return new HttpResponseMessage(HttpStatusCode.Accepted) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        }

        if (url.AbsolutePath.StartsWith($"{hooks}/", StringComparison.Ordinal) && !url.AbsolutePath.StartsWith($"{hooks}/{Hook}/", StringComparison.Ordinal))
        {
            return new HttpResponseMessage(HttpStatusCode.NotFound); // a hook that was there before
        }

        throw new InvalidOperationException($"{request.Method} {url} is nothing that GitHub has.");
    }

    private HttpResponseMessage List(Uri url, string? cursor)
    {
        lock (_lock)
        {
            Lists++;
            var from = cursor is null ? 0 : int.Parse(cursor.Replace("v1_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
            var latest = _attempts.OrderByDescending(attempt => attempt.Id).Skip(from).ToList();
            var answer = Json(new JsonArray([.. latest.Take(pageSize).Select(attempt => new JsonObject
            {
                ["id"] = attempt.Id,
                ["guid"] = attempt.Delivery,
                ["delivered_at"] = attempt.At.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
                ["redelivery"] = attempt.Again,
                ["duration"] = 0.27,
                ["status"] = attempt.Code is >= 200 and < 300 ? "OK" : "failed to connect to host",
                ["status_code"] = attempt.Code,
                ["event"] = attempt.Event,
                ["action"] = "completed",
            })]));
            if (latest.Count > pageSize)
            {
                answer.Headers.Add("Link", $"<https://api.github.com{url.AbsolutePath}?per_page=100&cursor=v1_{from + pageSize}>; rel=\"next\"");
            }

            return answer;
        }
    }

    private async Task AttemptAsync(string delivery, string name, string body, bool again)
    {
        var code = 502;
        try
        {
            using var answer = await Target!.SendAsync(body, name, delivery);
            code = (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            // nobody answers: that is what this is about
        }

        Add(delivery, name, body, again, code);
    }

    private void Add(string delivery, string name, string body, bool again, int code)
    {
        lock (_lock)
        {
            _attempts.Add(new Attempt(++_id, delivery, DateTimeOffset.UtcNow, again, code, name, body));
        }
    }

    private static HttpResponseMessage Json(JsonNode json) =>
        new(HttpStatusCode.OK) { Content = new StringContent(json.ToJsonString(), Encoding.UTF8, "application/json") };

    private static void Check(bool good, string fault)
    {
        if (!good)
        {
            throw new InvalidOperationException(fault);
        }
    }

    private sealed record Attempt(long Id, string Delivery, DateTimeOffset At, bool Again, int Code, string Event, string Body);
}
