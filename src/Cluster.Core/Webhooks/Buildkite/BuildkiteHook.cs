using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.Buildkite;

/// <summary>Buildkite (Buildkite Docs: webhooks, webhook signature, defending against replay attacks). Only signed deliveries count: the
/// header with the plain token is not looked at.</summary>
internal sealed class BuildkiteHook : IWebhookSender
{
    private static readonly OneHeaderSignature Signature = new("X-Buildkite-Signature", '.');

    public string Kind => "buildkite";

    public string Title => "Pipelines of Buildkite.";

    public IReadOnlyList<FieldFact> Facts => BuildkiteFacts.All;

    public IReadOnlyList<EventFacts> Events => BuildkiteEvents.All;

    public string SameEvent => "the event, the build, its state and the time when it finished, for 8 days; the body for 10 minutes where it tells none";

    public IReadOnlyList<string> Hosts { get; } = ["buildkite.com"];

    public bool MakesSecret(SourceSettings settings) => true;

    public string Platform => "Buildkite";

    public WebhookScheme Scheme(SourceSettings settings) => Signature;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        var name = f.Pattern("event", Shapes.EventName());

        // A build that is run again finishes again: the same id in the same state at another time. Before it has finished it may fail again as well, and has
        // nothing but its body to tell that (Buildkite Docs: webhooks, build events).
        var tells = f.Pattern("build.finished_at", Shapes.Time()) is not null || f.Pattern("job.id", Shapes.Id()) is not null;
        var id = tells && f.Pattern("build.id", Shapes.Id()) is { } build && f.Pattern("build.state", Shapes.Word()) is { } state && name is not null
            ? $"{name}:{build}:{state}:{f.Pattern("build.finished_at", Shapes.Time())}:{f.Pattern("job.id", Shapes.Id())}"
            : null;
        return new WebhookReading
        {
            Id = id,
            IdIsProved = true,

            // The same body comes again on purpose, such as another ping; a signature is good for five minutes before and after its time.
            Kept = id is null ? 2 * WebhookReading.Minutes : DedupeKeys.Kept,
            Summary = Read(name, f),
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At Buildkite, under Settings, Notification Services, Webhook, Add:",
        $"  Webhook URL  {setup.Url}",
        "  Token        Send an HMAC signature in the X-Buildkite-Signature header",
        "  Events       build.failing, build.finished",
        .. Steps.GiveSecret(setup, "Its token is shown on the same page"),
    ];

    // A build for a pull request may be of a stranger's commit. Its message is its commit's, which is a stranger's even after a merge.
    private static WebhookSummary Read(string? name, PayloadFields f)
    {
        var state = f.Text("build.state");
        var author = f.IsNull("build.pull_request") && f.Text("build.source") is "webhook" or "ui" or "schedule" or "api" ? Member : Outside;
        var build = f.Has("build");
        List<WebhookField> told = [.. (BuildkiteEvents.ByName.GetValueOrDefault(name ?? "") ?? BuildkiteEvents.Unknown).Read(f), .. Named(Text("author", build ? author : null))];
        return new WebhookSummary
        {
            Name = $"buildkite.{name ?? "event"}",
            FilterReason = name switch
            {
                "ping" => "ping",
                "build.failing" or null => null,
                "build.finished" => state == "failed" ? null : "not a failure",
                _ when name.StartsWith("build.", StringComparison.Ordinal) || name.StartsWith("job.", StringComparison.Ordinal) => "not a failed build",
                "agent.connected" or "agent.disconnected" or "agent.stopping" or "agent.stopped" => "not a lost agent",
                _ => null,
            },
            FilteredBy = name == "build.finished" ? "state" : "type",
            Trusted = told,
            Untrusted = told.Count > 1 ? [] : [.. BodyFields.Of(f.Root, 3, told.Select(field => field.Name))],
            Branch = build && author == Member ? f.Pattern("build.branch", Shapes.Path()) : null,
            Fork = build && author == Member ? false : null,
            Stranger = build && author != Member,

            // A build that is blocked has passed so far only, and what a schedule runs may be less than what a push does.
            Subject = !build || author != Member ? null : About(
                name == "build.failing" || (name == "build.finished" && state == "failed"),
                name == "build.finished" && state == "passed" && f.Flag("build.blocked") != true,
                f.Integer("build.number"),
                "build", f.Text("pipeline.id"), f.Text("build.source"), f.Text("build.branch")),
        };
    }
}
