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

    public IReadOnlyList<EventFacts> Events => BitbucketEvents.All;

    public string SameEvent => "the request's id for 8 days, and the body: for 8 days, or for 5 minutes where it tells no time";

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
            Summary = summary with { Host = f.Host("repository.links.html.href") ?? HostOf(f.Items("pullRequest.links.self")) ?? HostOf(f.Items("repository.links.self")) },
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
        "repo:refs_changed" => RefsChanged(f),
        _ => Other(key.Replace(':', '.'), f, members),
    };

    // Name, description and address are made by whatever built the commit, which may be a stranger's.
    private static WebhookSummary CommitStatus(string key, PayloadFields f)
    {
        var row = BitbucketEvents.ByName["repo.commit_status_updated"];
        return new WebhookSummary
        {
            Name = $"bitbucket.{key.Replace(':', '.')}",
            FilterReason = row.Outcome!.FilterReason(f),
            FilteredBy = row.Outcome.Field,
            Trusted = [.. row.Read(f), .. Named(Text("author", Outside))],
            Stranger = true,
        };
    }

    private static string? HostOf(List<PayloadFields> links) => links.FirstOrDefault().Host("href");

    // Data Center's push.
    private static WebhookSummary RefsChanged(PayloadFields f)
    {
        var changes = f.Items("changes");
        var last = changes.LastOrDefault();
        return new WebhookSummary
        {
            Name = "bitbucket.repo.refs_changed",
            FilterReason = changes.Count > 0 && changes.TrueForAll(change => change.Text("type") == "DELETE") ? "deleted" : null,
            FilteredBy = "change",
            Trusted = [.. BitbucketEvents.ByName["repo.refs_changed"].Read(f), .. Named(Number("changes", changes.Count))],
            Branch = changes.Count == 1 && last.Text("ref.type") == "BRANCH" ? last.Pattern("ref.displayId", Shapes.Path()) : null,
            Fork = false,
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
            Trusted = [.. BitbucketEvents.ByName["repo.push"].Read(f), .. Named(Number("changes", changes.Count))], // only members push
            Branch = changes.Count == 1 && last.Text("new.type") == "branch" ? last.Pattern("new.name", Shapes.Path()) : null,
            Fork = false,
        };
    }

    // Bitbucket does not say whether a pull request's or a comment's author may write to the repository, so their words come only from people whom
    // the operator listed.
    private static WebhookSummary Other(string name, PayloadFields f, MemberIds members)
    {
        var subject = Array.Find(["comment", "pullrequest", "pullRequest", "issue"], f.Has);
        var author = subject is null ? null : IsListed(f, subject, members) ? Member : Outside;
        var row = BitbucketEvents.ByName.GetValueOrDefault(name);
        List<WebhookField> told = [.. (f.Has("comment") ? BitbucketEvents.Comment : row ?? BitbucketEvents.Unknown).Read(f), .. Named(Text("author", author))];
        return new WebhookSummary
        {
            Name = $"bitbucket.{name}",
            FilterReason = row?.Outcome?.FilterReason(f),
            FilteredBy = row?.Outcome?.Field,
            Trusted = told,
            Untrusted = row is null && subject is null ? [.. BodyFields.Of(f.Root, 1, told.Select(field => field.Name))] : [],
            Stranger = author == Outside,
            PayloadOpen = author == Member && Authored.All(one => !f.Has(one.Subject) || IsListed(f, one.Subject, members)),
        };
    }

    // Where each names its author (Atlassian Support: event payloads, common entities).
    private static readonly (string Subject, string Author)[] Authored = [("comment", "comment.user"), ("pullrequest", "pullrequest.author"), ("pullRequest", "pullRequest.author.user"), ("issue", "issue.reporter")];

    private static bool IsListed(PayloadFields f, string subject, MemberIds members)
    {
        var author = Array.Find(Authored, one => one.Subject == subject).Author;
        return members.Has(f.Text($"{author}.account_id")) || members.Has(f.Text($"{author}.uuid"));
    }

    [GeneratedRegex(@"\A([0-9a-z]{24}|[0-9]{1,10}:[0-9a-f-]{36}|\{[0-9a-f-]{36}\})\z")]
    private static partial Regex AccountId();
}
