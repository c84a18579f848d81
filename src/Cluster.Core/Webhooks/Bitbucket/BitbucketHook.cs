using System.Text.RegularExpressions;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.Bitbucket;

/// <summary>Bitbucket Cloud and Data Center (Atlassian Support: manage webhooks, event payloads). Its <c>X-Hub-Signature</c> is SHA-256 in
/// spite of the name; a hook without a secret sends none, and is refused.</summary>
internal sealed partial class BitbucketHook : IWebhookSender
{
    private static readonly BodySignature Signature = new("X-Hub-Signature", "sha256=");

    public string Kind => "bitbucket";

    public bool TellsRepository => true;

    public string Title => "A repository at Bitbucket.";

    public IReadOnlyList<FieldFact> Facts => BitbucketFacts.All;

    public IReadOnlyList<string> Hosts { get; } = ["bitbucket.org"];

    public WebhookScheme Scheme(SourceSettings settings) => Signature;

    public string? EventHeader => "X-Event-Key";

    public AuthorIds Authors { get; } = new(AccountId(), "an account_id, or a uuid in braces, not a name");

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        var members = new MemberIds(delivery.Settings);
        var summary = delivery.Headers.One("X-Event-Key") switch
        {
            "diagnostics:ping" => new WebhookSummary { Name = "bitbucket.ping", FilterReason = "ping" },
            { } key when Shapes.EventName().IsMatch(key) => Read(key, f, members),
            _ => Other("event", f, members),
        };
        return new WebhookReading
        {
            // Its two retries come at once; whether they keep the id is not said (Atlassian Support: manage webhooks), so the body counts for five minutes
            // in any case, and for as long as an id where it tells its time. That is signed, and the id is not.
            Id = delivery.Headers.Id("X-Request-UUID") ?? delivery.Headers.Id("X-Request-Id"),
            BodyKept = TellsTime(f) ? null : WebhookReading.Minutes,
            Summary = summary with { Host = f.Host("repository.links.html.href") },
        };
    }

    public IReadOnlyDictionary<string, string> SampleHeaders(string id) =>
        new Dictionary<string, string> { ["X-Event-Key"] = "repo:commit_status_updated", ["X-Request-UUID"] = id };

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At Bitbucket, in the repository, under Repository settings, Webhooks, Add webhook:",
        $"  URL       {setup.Url}",
        $"  Secret    {setup.ShownSecret}",
        "  Triggers  Build status created and updated, Pull request created, Push",
    ];

    // A push of Cloud's tells none: a branch that is moved there and back and there again has the same body twice. Data Center tells it in each
    // event (Atlassian Support: event payloads).
    private static bool TellsTime(PayloadFields f) =>
        f.Text("date") is not null
        || f.Text("approval.date") is not null
        || f.Text("changes_request.date") is not null
        || Array.Exists(["commit_status", "comment", "pullrequest", "issue"], subject => f.Text($"{subject}.updated_on") is not null);

    private static WebhookSummary Read(string key, PayloadFields f, MemberIds members) => key switch
    {
        "repo:commit_status_created" or "repo:commit_status_updated" => CommitStatus(key, f),
        "repo:push" => Push(f),
        _ => Other(key.Replace(':', '.'), f, members),
    };

    // Name, description and address are made by whatever built the commit, which may be a stranger's.
    private static WebhookSummary CommitStatus(string key, PayloadFields f)
    {
        var state = f.Pattern("commit_status.state", Shapes.Word());
        return new WebhookSummary
        {
            Name = $"bitbucket.{key.Replace(':', '.')}",
            FilterReason = state == "FAILED" ? null : "not a failure",
            Trusted = Named(
                Text("repository", f.Pattern("repository.full_name", Shapes.Path())),
                Text("state", state),
                Text("head_sha", f.Pattern("commit_status.commit.hash", Shapes.Hex())),
                Address("url", f.Link("repository.links.html.href")),
                Text("author", Outside)),
            Stranger = true,
        };
    }

    private static WebhookSummary Push(PayloadFields f)
    {
        var changes = f.Items("push.changes");
        var last = changes.LastOrDefault();
        return new WebhookSummary
        {
            Name = "bitbucket.repo.push",
            FilterReason = changes.Exists(change => change.Has("new")) ? null : "deleted",
            Trusted = Named(
                Text("repository", f.Pattern("repository.full_name", Shapes.Path())),
                Number("changes", changes.Count),
                Text("before", last.Pattern("old.target.hash", Shapes.Hex())),
                Text("after", last.Pattern("new.target.hash", Shapes.Hex())),
                Address("url", f.Link("repository.links.html.href"))),
            Untrusted = Named(Text("branch", last.Text("new.name"))), // only members push
            Branch = changes.Count == 1 && last.Text("new.type") == "branch" ? last.Pattern("new.name", Shapes.Path()) : null,
            Fork = false,
        };
    }

    // Bitbucket does not say whether a pull request's or a comment's author may write to the repository, so their words come only from people whom
    // the operator listed.
    private static WebhookSummary Other(string name, PayloadFields f, MemberIds members)
    {
        var subject = Array.Find(["comment", "pullrequest", "issue"], f.Has);
        var author = subject is null ? null : IsListed(f, subject, members) ? Member : Outside;
        return new WebhookSummary
        {
            Name = $"bitbucket.{name}",
            Trusted = Named(
                Text("repository", f.Pattern("repository.full_name", Shapes.Path())),
                Number("number", f.Integer("pullrequest.id") ?? f.Integer("issue.id")),
                Text("head_sha", f.Pattern("pullrequest.source.commit.hash", Shapes.Hex())),
                Text("url", subject is null ? f.Link("repository.links.html.href") : f.Link($"{subject}.links.html.href")),
                Text("author", author)),
            Untrusted = author != Member
                ? []
                : Named(
                    Text("title", f.Text($"{subject}.title")),
                    Text("text", f.Text($"{subject}.content.raw") ?? f.Text($"{subject}.description"), Long)),
            Stranger = author == Outside,
            PayloadOpen = author == Member && Authored.All(one => !f.Has(one.Subject) || IsListed(f, one.Subject, members)),
        };
    }

    // Where each names its author (Atlassian Support: event payloads, common entities).
    private static readonly (string Subject, string Author)[] Authored = [("comment", "comment.user"), ("pullrequest", "pullrequest.author"), ("issue", "issue.reporter")];

    private static bool IsListed(PayloadFields f, string subject, MemberIds members)
    {
        var author = Array.Find(Authored, one => one.Subject == subject).Author;
        return members.Has(f.Text($"{author}.account_id")) || members.Has(f.Text($"{author}.uuid"));
    }

    [GeneratedRegex(@"\A([0-9a-z]{24}|[0-9]{1,10}:[0-9a-f-]{36}|\{[0-9a-f-]{36}\})\z")]
    private static partial Regex AccountId();
}
