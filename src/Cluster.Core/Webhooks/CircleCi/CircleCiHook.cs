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
        var status = f.Pattern("workflow.status", Shapes.Word()) ?? f.Pattern("job.status", Shapes.Word());

        // A fork's commit comes from another repository, under a branch named after its pull request.
        var origin = f.Text("pipeline.vcs.origin_repository_url");
        var author = origin is not null && origin == f.Text("pipeline.vcs.target_repository_url")
            && f.Text("pipeline.vcs.branch") is { } branch && !branch.StartsWith("pull/", StringComparison.Ordinal)
            ? Member
            : Outside;
        return new WebhookSummary
        {
            Name = $"circleci.{type}",
            FilterReason = type == "ping" ? "ping"
                : status is "success" or "canceled" or "on_hold" or "not_run" ? "not a failure" : null,
            Trusted = Named(
                Text("project", f.Pattern("project.slug", Shapes.Path())),
                Text("status", status),
                Address("url", f.Link("workflow.url")),
                Number("pipeline", f.Integer("pipeline.number")),
                Number("job", f.Integer("job.number")),
                Text("head_sha", f.Pattern("pipeline.vcs.revision", Shapes.Hex())),
                Text("at", f.Pattern("happened_at", Shapes.Time())),
                Text("author", author)),
            Untrusted = author != Member
                ? []
                : Named(
                    Text("workflow", f.Text("workflow.name")),
                    Text("job_name", f.Text("job.name")),
                    Text("branch", f.Text("pipeline.vcs.branch"))), // a commit that was merged may have a stranger's words
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
