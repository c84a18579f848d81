using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Server.Nodes;
using Cluster.Storage.Engines;
using Cluster.Storage.Sources;

namespace Cluster.Server.Webhooks;

/// <summary>Sends a sender's sample, proved with the source's own secret, by the way that the sender takes: through the public address, and where
/// this node cannot reach that, through its own.</summary>
internal sealed class SourceTester(SourceStore sources, NodeAddress address, Engine engine) : IDisposable
{
    // Stands in every sample where the sender puts what tells its events apart.
    private const string SampleId = "00000000-0000-4000-8000-000000000000";

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = TimeSpan.FromSeconds(10),
    };

    public async Task<SourceTest> RunAsync(Source source, CancellationToken ct)
    {
        if (WebhookSenders.Find(source.Kind) is not { } sender)
        {
            return new SourceTest { Ok = false, Steps = [$"This node does not know the kind '{source.Kind}'; ask a newer one."] };
        }

        if (source.Settings.AwaitsSecret)
        {
            return new SourceTest
            {
                Ok = false,
                Steps = [$"{sender.Platform} makes this source's secret. Give it first: cluster source rotate {source.Name} --secret-file FILE"],
            };
        }

        if (!sender.Scheme(source.Settings).CanSign)
        {
            return new SourceTest
            {
                Ok = false,
                Steps = [$"Only the sender can sign for '{source.Name}': the source has its public key and no more. Let the sender send a test."],
            };
        }

        var id = Guid.NewGuid().ToString();
        var body = Encoding.UTF8.GetBytes((await SampleAsync(sender.Kind, ct)).Replace(SampleId, id, StringComparison.Ordinal));
        var (scheme, secret) = (sender.Scheme(source.Settings), sources.OpenSecret(source));
        if (scheme.Key(secret) is null)
        {
            return new SourceTest { Ok = false, Steps = [$"The secret of '{source.Name}' is none of kind {source.Kind}. Give it a new one: cluster source rotate {source.Name}"] };
        }

        var headers = new Dictionary<string, string>(scheme.Sign(secret, id, engine.Clock.GetUtcNow(), body), StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in sender.SampleHeaders(id))
        {
            headers[name] = value;
        }

        List<string> steps = [$"A sample of {sender.Kind} with {body.Length:N0} bytes, proved with the secret that ends in {secret[^4..]}."];
        foreach (var origin in new[] { address.Url, address.LocalUrl }.Distinct())
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                using var answer = await SendAsync($"{origin}/hooks/{source.Path}", headers, body, ct);
                steps.Add($"{origin} answered {(int)answer.StatusCode} {answer.ReasonPhrase} after {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms.");
                if (answer.IsSuccessStatusCode)
                {
                    return await EnteredAsync(source, sender, headers, body, steps, ct);
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                steps.Add($"{origin} cannot be reached from this node: {e.InnerException?.Message ?? e.Message}");
            }
        }

        steps.Add("The event did not enter.");
        return new SourceTest { Ok = false, Steps = steps };
    }

    public void Dispose() => _http.Dispose();

    private async Task<SourceTest> EnteredAsync(
        Source source, IWebhookSender sender, Dictionary<string, string> headers, byte[] body, List<string> steps, CancellationToken ct)
    {
        var view = new WebhookHeaders(name => headers.TryGetValue(name, out var value) ? [value] : []);
        var scheme = sender.Scheme(source.Settings);
        using var proof = scheme.Begin(view, [scheme.Key(sources.OpenSecret(source))!], engine.Clock.GetUtcNow());
        proof?.Append(body);
        var reading = WebhookSenders.Read(sender, new WebhookDelivery(view, body, source.Settings));
        if (proof?.Finish() is not { } proven || await sources.EnteredAsync(
                source.Name, reading.Keys(KeyScope.Of(sender, source.Settings, source.Name, source.Path), proven.Hash), ct) is not { } entered)
        {
            steps.Add("The event is not to be found.");
            return new SourceTest { Ok = false, Steps = steps };
        }

        var state = entered.Reason is null ? entered.State : $"{entered.State} ({entered.Reason})";
        steps.Add($"Event {entered.Id}, {reading.Summary.Name}, for session {entered.Session}{(entered.Route is { } route ? $" by route {route}" : "")}: {state}.");
        return new SourceTest { Ok = true, Steps = steps, EventId = $"{entered.Id}", State = state };
    }

    private async Task<HttpResponseMessage> SendAsync(string url, Dictionary<string, string> headers, byte[] body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await _http.SendAsync(request, ct);
    }

    private static async Task<string> SampleAsync(string kind, CancellationToken ct)
    {
        using var sample = new StreamReader(typeof(SourceTester).Assembly.GetManifestResourceStream($"sample.{kind}.json")!);
        return await sample.ReadToEndAsync(ct);
    }
}
