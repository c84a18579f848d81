using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Cluster.Core.Api;
using ModelContextProtocol;

namespace Cluster.Server.Demo;

/// <summary>Shows the main job on a scratch node, through the same doors that everybody uses: a session attaches, a signed webhook
/// reaches it and is answered, it asks for permission, and a person decides on the page.</summary>
internal static class DemoScript
{
    private const string Playbook = "Find out why the check failed and say in one sentence what you would do. Change nothing without asking.";

    public static async Task RunAsync(string url, string tokenFile, string home, CancellationToken ct)
    {
        try
        {
            using var api = new HttpClient { BaseAddress = new Uri(url) };
            var token = (await File.ReadAllTextAsync(tokenFile, ct)).Trim();
            api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);

            Say("node", $"Channel Cluster runs at {url} on a scratch folder. No account, nothing kept.");
            await using var session = await StandInSession.AttachAsync(url, token, "api", Say, ct);

            var source = await AddSourceAsync(api, ct);
            await SendCheckRunAsync(source, ct);
            await session.WebhookAnswered.WaitAsync(ct);
            await session.AskPermissionAsync(ct);

            Console.WriteLine();
            await PrintLinkAsync(api, ct);
            Console.WriteLine("  There you see all of the above: press Allow or Deny, write to the session, read its answers.");
            Console.WriteLine($"  `cluster` finds this node, and no other, with CLUSTER_HOME={home}");
            Console.WriteLine("  A new link: press Enter. The end: Ctrl+C.");
            Console.WriteLine();
            while (!ct.IsCancellationRequested && await Task.Run(Console.In.ReadLine, ct).WaitAsync(ct) is not null)
            {
                await PrintLinkAsync(api, ct);
            }

            await Task.Delay(Timeout.Infinite, ct); // no terminal to read from: stay until stopped
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception e) when (e is HttpRequestException or McpException or IOException)
        {
            await Console.Error.WriteLineAsync($"The demo stopped: {e.Message}");
        }
    }

    private static async Task<NewSource> AddSourceAsync(HttpClient api, CancellationToken ct)
    {
        var added = await api.PostAsJsonAsync(
            "/api/sources", new AddSource { Kind = "github", Name = "ci", Session = "api", Playbook = Playbook }, ApiJson.Default.AddSource, ct);
        added.EnsureSuccessStatusCode();
        return (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource, ct))!;
    }

    private static async Task SendCheckRunAsync(NewSource source, CancellationToken ct)
    {
        using var payload = new MemoryStream();
        await typeof(DemoScript).Assembly.GetManifestResourceStream("check_run.json")!.CopyToAsync(payload, ct);
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(source.Secret!), payload.ToArray());

        using var sender = new HttpClient();
        using var body = new ByteArrayContent(payload.ToArray());
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        body.Headers.Add("X-GitHub-Event", "check_run");
        body.Headers.Add("X-GitHub-Delivery", Guid.NewGuid().ToString());
        body.Headers.Add("X-Hub-Signature-256", $"sha256={Convert.ToHexStringLower(signature)}");
        Say("github", $"A check has failed: POST {new Uri(source.Url).AbsolutePath[..14]}… with a signed check_run ({payload.Length:N0} bytes).");
        using var answer = await sender.PostAsync(source.Url, body, ct);
        answer.EnsureSuccessStatusCode();
        Say("node", $"{(int)answer.StatusCode} {answer.ReasonPhrase}: stored, and on its way to the session.");
    }

    private static async Task PrintLinkAsync(HttpClient api, CancellationToken ct)
    {
        var made = await api.PostAsync("/api/page-codes", null, ct);
        made.EnsureSuccessStatusCode();
        var link = (await made.Content.ReadFromJsonAsync(ApiJson.Default.PageLink, ct))!;
        Console.WriteLine($"  Open the page (the link works once, for five minutes):\n\n    {link.Url}\n");
    }

    private static void Say(string who, string what) => Console.WriteLine($"{DateTime.Now:HH:mm:ss}  {who,-8}  {what}");
}
