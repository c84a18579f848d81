using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.GitLab;

/// <summary>GitLab (GitLab Docs: user/project/integrations/webhooks and webhook_events; signing tokens: gitlab-org/gitlab!230944, !231325).
/// A source takes the plain secret token or the signing token, never either.</summary>
internal sealed class GitLabHook : IWebhookSender
{
    private const string Signing = "signing";

    private static readonly HeaderSecret Token = new("X-Gitlab-Token", secret => secret);
    private static readonly StandardSignature Signature = new();

    public string Kind => "gitlab";

    public bool TellsRepository => true;

    public string Title => "A project or group at GitLab.";

    public IReadOnlyList<FieldFact> Facts => GitLabFacts.All;

    public IReadOnlyList<EventFacts> Events => GitLabEvents.All;

    public string SameEvent => "a signed id, for 8 days; with a token the key of the delivery for 8 days and the body for 10 seconds; without a key the body";

    public IReadOnlyList<string> Hosts { get; } = ["gitlab.com"];

    public int MaxBody => 25 * 1024 * 1024;

    public IReadOnlyList<string> Modes => ["token", Signing];

    public AuthorIds Authors { get; } = AuthorIds.Number("GitLab calls the user's id");

    public WebhookScheme Scheme(SourceSettings settings) => settings.Mode == Signing ? Signature : Token;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        var signed = delivery.Settings.Mode == Signing;
        var members = new MemberIds(delivery.Settings);
        var id = signed ? Signature.IdOf(delivery.Headers) : delivery.Headers.Id("Idempotency-Key");
        var kind = f.Pattern("object_kind", Shapes.EventName()) ?? f.Pattern("event_name", Shapes.EventName());
        var summary = kind switch
        {
            "pipeline" => Pipeline(f),
            "build" => Job(f),
            "merge_request" => MergeRequest(f, members),
            "push" => Push(f),
            "deployment" => Deployment(f),
            { } other => Other(other, f, members),
            null => Other("event", f, members),
        };
        return new WebhookReading
        {
            Id = id,
            IdIsProved = signed,

            // A resent delivery keeps its key, since GitLab 17.4 (gitlab-org/gitlab!160952), and whoever can send one under another key has the token and could
            // send any body: there an equal body is another event soon. Without a key it is the same one for as long as any, unless it has nothing that
            // tells two apart: a branch that is moved there and back and there again, a flag that is turned on twice (GitLab Docs: webhook events).
            BodyKept = signed ? null
                : id is not null ? WebhookReading.Seconds
                : kind is "push" or "tag_push" or "feature_flag" ? WebhookReading.Minutes : null,
            Summary = summary with { Host = f.Host("project.web_url") ?? f.Host("repository.homepage") },
        };
    }

    public IReadOnlyDictionary<string, string> SampleHeaders(string id) =>
        new Dictionary<string, string> { ["X-Gitlab-Event"] = "Pipeline Hook", ["Idempotency-Key"] = id };

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At GitLab, in the project or group, under Settings, Webhooks, Add new webhook:",
        $"  URL           {setup.Url}",
        setup.Settings.Mode == Signing ? $"  Signing token {setup.ShownSecret}" : $"  Secret token  {setup.ShownSecret}",
        "  Trigger       Pipeline events, and what else shall reach the session",
        setup.Settings.Mode == Signing
            ? "Where GitLab makes the signing token itself, give it to the source: cluster source rotate " + setup.Name + " --secret-file FILE --keep-old 0"
            : "If your GitLab offers signing tokens, prefer them: add the source with --mode signing.",
    ];

    // Only who may push to the project starts a pipeline in it, unless it runs for a merge request from elsewhere.
    private static WebhookSummary Pipeline(PayloadFields f)
    {
        var status = f.Text("object_attributes.status");
        var source = f.Pattern("object_attributes.source", Shapes.Word());
        var author = f.Has("merge_request")
            ? IsOwn(f, "merge_request") ? Member : Outside
            : source is "push" or "web" or "schedule" or "api" or "trigger" ? Member : Outside;
        var failed = f.Items("builds").FindAll(build => build.Text("status") == "failed");
        return new WebhookSummary
        {
            Name = "gitlab.pipeline",
            FilterReason = status == "failed" ? null : "not a failure",
            FilteredBy = "status",

            // The pipeline's variables may be secrets and its people's addresses are theirs: neither is told. Nor are its commit's words, which
            // stay a stranger's after a merge.
            Trusted =
            [
                .. GitLabEvents.ByName["pipeline"].Read(f),
                .. Named(
                    Number("failed_jobs", failed.Count),
                    Number("first_failed_job", failed.FirstOrDefault().Integer("id")),
                    Text("failure_reason", failed.FirstOrDefault().Text("failure_reason")),
                    Text("author", author),
                    Text("failed_job_names", failed.Count == 0 ? null : string.Join(", ", failed.Take(5).Select(build => Shown(build.Text("name")))))),
            ],
            Branch = author == Member && f.Flag("object_attributes.tag") != true ? f.Pattern("object_attributes.ref", Shapes.Path()) : null,
            Fork = author == Member ? false : IsForeign(f, "merge_request") ? true : null,
            Stranger = author != Member,

            // A branch's own pipelines; what a schedule runs may be less than what a push does.
            Subject = author != Member || f.Has("merge_request") || f.Flag("object_attributes.tag") == true ? null : About(
                status == "failed", status == "success", f.Integer("object_attributes.id"), "pipeline", $"{f.Integer("project.id")}", source, f.Text("object_attributes.ref")),
        };
    }

    // A job does not say where its commit stands.
    private static WebhookSummary Job(PayloadFields f)
    {
        var status = f.Text("build_status");
        return new WebhookSummary
        {
            Name = "gitlab.job",
            FilterReason = status == "failed" ? null : "not a failure",
            FilteredBy = "status",
            Trusted = [.. GitLabEvents.ByName["job"].Read(f), .. Named(Text("author", Outside))],
            Stranger = true,
        };
    }

    private static WebhookSummary MergeRequest(PayloadFields f, MemberIds members)
    {
        var action = f.Pattern("object_attributes.action", Shapes.Word());
        var own = IsOwn(f, "object_attributes");
        var author = own || members.Has(f.Integer("object_attributes.author_id")) ? Member : Outside;
        return new WebhookSummary
        {
            Name = "gitlab.merge_request",
            FilterReason = action is null or "open" or "reopen" ? null : "not opened",
            FilteredBy = "action",
            Trusted = [.. GitLabEvents.ByName["merge_request"].Read(f), .. Named(Text("author", author))],
            Branch = own ? f.Pattern("object_attributes.source_branch", Shapes.Path()) : null,
            Fork = own ? false : IsForeign(f, "object_attributes") ? true : null,
            Stranger = author != Member,
            PayloadOpen = author == Member && (own || AllAreMembers(f, members)),
        };
    }

    private static WebhookSummary Push(PayloadFields f)
    {
        var standard = f.Text("project.default_branch") is { Length: > 0 } branch && f.Text("ref") == $"refs/heads/{branch}";
        return new WebhookSummary
        {
            Name = "gitlab.push",
            FilterReason = standard ? null : "not the default branch",
            Trusted = GitLabEvents.ByName["push"].Read(f),
            Branch = f.Pattern("ref", Shapes.Path()) is { } reference && reference.StartsWith("refs/heads/", StringComparison.Ordinal)
                ? reference["refs/heads/".Length..]
                : null,
            Fork = false, // only members push
        };
    }

    // GitLab does not say whether an issue's or a note's author is a member, so their words come only from people whom the operator listed. The
    // author counts, not who did something to it.
    private static WebhookSummary Other(string name, PayloadFields f, MemberIds members)
    {
        var row = GitLabEvents.ByName.GetValueOrDefault(name);
        var author = members.Has(f.Integer("object_attributes.author_id")) ? Member
            : row is { Strangers: true } || (f.Has("object_attributes") && (row is null || row.Facts.Any(fact => fact.Field == "author"))) ? Outside : null;
        List<WebhookField> told = [.. (row ?? GitLabEvents.Unknown).Read(f), .. Named(Text("author", author))];

        // A listed person's note stands on a stranger's issue, whose title is not theirs.
        if (author == Member && Array.Exists(["issue", "merge_request", "snippet"], thread => f.Has(thread) && !members.Has(f.Integer($"{thread}.author_id"))))
        {
            told.RemoveAll(field => field.Name is "title" or "labels");
        }

        return new WebhookSummary
        {
            Name = $"gitlab.{name}",
            FilterReason = row?.Outcome?.FilterReason(f) ?? (IsOver(f) ? "not a failure" : null),
            FilteredBy = row?.Outcome?.Field ?? "action",
            Trusted = told,
            Untrusted = row is null ? [.. BodyFields.Of(f.Root, 1, told.Select(field => field.Name))] : [],
            Stranger = author == Outside,
            PayloadOpen = author == Member && AllAreMembers(f, members),
        };
    }

    private static bool IsOver(PayloadFields f) => f.Text("object_attributes.type") == "Incident" && f.Text("object_attributes.action") == "close";

    // A later deployment to an environment makes an earlier one's failure needless.
    private static WebhookSummary Deployment(PayloadFields f)
    {
        var row = GitLabEvents.ByName["deployment"];
        var status = f.Text("status");
        return new WebhookSummary
        {
            Name = "gitlab.deployment",
            FilterReason = row.Outcome!.FilterReason(f),
            FilteredBy = row.Outcome.Field,
            Trusted = row.Read(f),
            Subject = About(
                status == "failed", status == "success", f.Integer("deployment_id"),
                "deployment", $"{f.Integer("project.id")}", f.Text("environment")),
        };
    }

    // A listed person's note stands on a stranger's issue.
    private static bool AllAreMembers(PayloadFields f, MemberIds members) =>
        f.All("author_id", item => members.Has(item.Integer("author_id")));

    // A merge request from a branch of the project itself: its author may push there (GitLab Docs: permissions).
    private static bool IsOwn(PayloadFields f, string request) =>
        f.Integer("project.id") is { } home
        && f.Integer($"{request}.source_project_id") == home && f.Integer($"{request}.target_project_id") == home;

    private static bool IsForeign(PayloadFields f, string request) =>
        f.Integer("project.id") is { } home && f.Integer($"{request}.source_project_id") is { } from && from != home;

    private static string Shown(string? name) => HostileText.Cut(name ?? "?", 40);
}
