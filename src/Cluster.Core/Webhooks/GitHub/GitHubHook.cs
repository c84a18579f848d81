using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;

namespace Cluster.Core.Webhooks.GitHub;

/// <summary>GitHub (GitHub Docs: validating webhook deliveries; webhook events and payloads). The older SHA-1 header is ignored.</summary>
internal sealed class GitHubHook : IWebhookSender
{
    public string Kind => "github";

    public bool TellsRepository => true;

    public string Title => "A repository or organization at GitHub.";

    public IReadOnlyList<FieldFact> Facts => GitHubFacts.All;

    public IReadOnlyList<EventFacts> Events => GitHubEvents.All;

    public string SameEvent => "the delivery's id, which a redelivery keeps, and the body: for 8 days, or for 10 seconds where it tells neither a time nor a commit";

    public IReadOnlyList<string> Hosts { get; } = ["github.com"];

    public int MaxBody => 25 * 1024 * 1024; // larger events are not sent

    public AuthorIds Authors { get; } = AuthorIds.Number("GitHub's API calls the user's id (https://api.github.com/users/LOGIN)");

    private static readonly BodySignature Signature = new("X-Hub-Signature-256", "sha256=");

    public WebhookScheme Scheme(SourceSettings settings) => Signature;

    public string? EventHeader => "X-GitHub-Event";

    // A redelivery keeps the delivery's id (GitHub Docs: redelivering webhooks; github/docs#32822), which is not signed; what is known for how long
    // by its body says GitHubRepeats.
    public WebhookReading Read(WebhookDelivery delivery)
    {
        var given = delivery.Headers.One("X-GitHub-Delivery");
        var id = GitHubEvent.IsDeliveryId(given) ? given : null;
        if (delivery.Headers.One("X-GitHub-Event") is not { } name || !GitHubEvent.IsEventName(name))
        {
            return new WebhookReading { Id = id, Summary = new WebhookSummary { Name = "github.unknown", FilterReason = "no event name" } };
        }

        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        return new WebhookReading
        {
            Id = id,
            BodyKept = GitHubRepeats.MayRecur(f) ? WebhookReading.Seconds : null,
            Summary = GitHubEvent.Offer(name, f, delivery.Settings),
        };
    }

    public IReadOnlyDictionary<string, string> SampleHeaders(string id) =>
        new Dictionary<string, string> { ["X-GitHub-Event"] = "check_run", ["X-GitHub-Delivery"] = id };

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At GitHub, under Settings, Webhooks, Add webhook:",
        $"  Payload URL   {setup.Url}",
        "  Content type  application/json",
        $"  Secret        {setup.ShownSecret}",
        "and choose the events, such as check runs and workflow runs. Workflow jobs tell the same failures once more.",
        $"GitHub tries each delivery once. To ask it for those that failed: cluster source catch-up {setup.Name} --repository OWNER/NAME --token-file FILE",
    ];
}
