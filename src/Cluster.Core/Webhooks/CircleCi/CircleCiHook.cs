using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.CircleCi;

/// <summary>CircleCI (CircleCI Docs: outbound webhooks, outbound webhooks reference).</summary>
internal sealed class CircleCiHook : IWebhookSender
{
    private static readonly BodySignature Signature = new("circleci-signature", "v1=", list: true);

    public string Kind => "circleci";

    public string Title => "A project at CircleCI.";

    public IReadOnlyList<FieldFact> Facts => CircleCiFacts.All;

    public IReadOnlyList<EventFacts> Events => CircleCiEvents.All;

    public string SameEvent => "the event's id in the signed body, for 8 days";

    public IReadOnlyList<string> Hosts { get; } = ["app.circleci.com"];

    public WebhookScheme Scheme(SourceSettings settings) => Signature;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);

        // The event's own id stands in the signed body, to know a repeat by (CircleCI Docs: outbound webhooks reference).
        return new WebhookReading { Id = f.Pattern("id", Shapes.Id()), Summary = Read(f) };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At CircleCI, in the project, under Project Settings, Webhooks, Add Webhook:",
        $"  Receiver URL  {setup.Url}",
        $"  Secret token  {setup.ShownSecret}",
        "  Events        Workflow Completed; Job Completed tells the same failures once more",
    ];

    private static WebhookSummary Read(PayloadFields f)
    {
        var type = f.Text("type") is ("ping" or "workflow-completed" or "job-completed") and { } given ? given : "event";
        var status = f.Text("workflow.status") ?? f.Text("job.status");

        // A fork's commit comes from another repository, under a branch named after its pull request.
        var origin = f.Text("pipeline.vcs.origin_repository_url");
        var author = origin is not null && origin == f.Text("pipeline.vcs.target_repository_url")
            && f.Text("pipeline.vcs.branch") is { } branch && !branch.StartsWith("pull/", StringComparison.Ordinal)
            ? Member
            : Outside;
        List<WebhookField> told = [.. CircleCiEvents.Row.Read(f), .. Named(Text("author", author))]; // no commit's words: one that was merged may have a stranger's
        return new WebhookSummary
        {
            Name = $"circleci.{type}",
            FilterReason = type == "ping" ? "ping" : CircleCiEvents.Row.Outcome!.FilterReason(f),
            FilteredBy = CircleCiEvents.Row.Outcome!.Field,
            Trusted = told,
            Untrusted = type == "event" ? [.. BodyFields.Of(f.Root, 1, told.Select(field => field.Name))] : [],
            Branch = author == Member ? f.Pattern("pipeline.vcs.branch", Shapes.Path()) : null,
            Fork = author == Member ? false : null,
            Stranger = author != Member,

            // What started a pipeline is told of GitHub's and Bitbucket's; a scheduled one need not do what a push's does.
            Subject = author != Member || type is not ("workflow-completed" or "job-completed") ? null : About(
                status is "failed" or "error" or "failing" or "unauthorized" or "timedout" or "infrastructure_fail", status == "success", f.Integer("pipeline.number"),
                type, f.Text("project.id"), f.Text("workflow.name"), type == "job-completed" ? f.Text("job.name") : "workflow",
                f.Pattern("pipeline.trigger.type", Shapes.Word()), f.Text("pipeline.vcs.branch")),
        };
    }
}
