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
        var status = f.Pattern("object_attributes.status", Shapes.Word());
        var source = f.Pattern("object_attributes.source", Shapes.Word());
        var author = f.Has("merge_request")
            ? IsOwn(f, "merge_request") ? Member : Outside
            : source is "push" or "web" or "schedule" or "api" or "trigger" ? Member : Outside;
        var failed = f.Items("builds").FindAll(build => build.Text("status") == "failed");
        return new WebhookSummary
        {
            Name = "gitlab.pipeline",
            FilterReason = status == "failed" ? null : "not a failure",
            Trusted = Named(
                Text("project", f.Pattern("project.path_with_namespace", Shapes.Path())),
                Text("status", status),
                Address("url", f.Link("object_attributes.url")),
                Number("pipeline_id", f.Integer("object_attributes.id")),
                Text("head_sha", f.Pattern("object_attributes.sha", Shapes.Hex())),
                Text("source", source),
                Number("merge_request", f.Integer("merge_request.iid")),
                Number("failed_jobs", failed.Count),
                Number("first_failed_job", failed.FirstOrDefault().Integer("id")),
                Text("failure_reason", failed.FirstOrDefault().Pattern("failure_reason", Shapes.Word())),
                Text("author", author)),
            // The pipeline's variables may be secrets and its people's addresses are theirs: neither is told. Nor are its commit's words, which
            // stay a stranger's after a merge.
            Untrusted = author != Member
                ? []
                : Named(
                    Text("branch", f.Text("object_attributes.ref")),
                    Text("failed_job_names", failed.Count == 0 ? null : string.Join(", ", failed.Take(5).Select(build => Shown(build.Text("name")))))),
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
        var status = f.Pattern("build_status", Shapes.Word());
        return new WebhookSummary
        {
            Name = "gitlab.job",
            FilterReason = status == "failed" ? null : "not a failure",
            Trusted = Named(
                Text("project", f.Pattern("project.path_with_namespace", Shapes.Path())),
                Text("status", status),
                Text("failure_reason", f.Pattern("build_failure_reason", Shapes.Word())),
                Number("job_id", f.Integer("build_id")),
                Number("pipeline_id", f.Integer("pipeline_id")),
                Text("head_sha", f.Pattern("sha", Shapes.Hex())),
                Address("url", f.Link("project.web_url") ?? f.Link("repository.homepage")),
                Text("author", Outside)),
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
            Trusted = Named(
                Text("action", action),
                Text("project", f.Pattern("project.path_with_namespace", Shapes.Path())),
                Number("number", f.Integer("object_attributes.iid")),
                Address("url", f.Link("object_attributes.url")),
                Text("state", f.Pattern("object_attributes.state", Shapes.Word())),
                Text("head_sha", f.Pattern("object_attributes.last_commit.id", Shapes.Hex())),
                Number("author_id", f.Integer("object_attributes.author_id")),
                Text("author", author)),
            Untrusted = author != Member
                ? []
                : Named(
                    Text("title", f.Text("object_attributes.title")),
                    Text("branch", f.Text("object_attributes.source_branch")),
                    Text("target", f.Text("object_attributes.target_branch")),
                    Text("description", f.Text("object_attributes.description"), Long)),
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
            Trusted = Named(
                Text("project", f.Pattern("project.path_with_namespace", Shapes.Path())),
                Address("url", f.Link("project.web_url")),
                Text("before", f.Pattern("before", Shapes.Hex())),
                Text("after", f.Pattern("after", Shapes.Hex())),
                Number("commits", f.Integer("total_commits_count")),
                Number("user_id", f.Integer("user_id"))),
            Untrusted = Named(Text("ref", f.Text("ref"))),
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
        var author = members.Has(f.Integer("object_attributes.author_id")) ? Member : f.Has("object_attributes") ? Outside : null;
        return new WebhookSummary
        {
            Name = $"gitlab.{name}",
            Trusted = Named(
                Text("action", f.Pattern("object_attributes.action", Shapes.Word())),
                Text("project", f.Pattern("project.path_with_namespace", Shapes.Path())),
                Number("number", f.Integer("object_attributes.iid")),
                Number("author_id", f.Integer("object_attributes.author_id")),
                Address("url", f.Link("object_attributes.url") ?? f.Link("project.web_url")),
                Text("author", author)),
            Untrusted = author != Member
                ? []
                : Named(
                    Text("title", f.Text("object_attributes.title")),
                    Text("text", f.Text("object_attributes.note") ?? f.Text("object_attributes.description"), Long)),
            Stranger = author == Outside,
            PayloadOpen = author == Member && AllAreMembers(f, members),
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
