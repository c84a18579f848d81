using Cluster.Core.Events;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.GitHub;

public static partial class GitHubEvent
{
    // A job tells nothing about where its commit stands, so its names, which the workflow file gives, are left out: the steps have numbers.
    private static WebhookSummary WorkflowJob(PayloadFields f)
    {
        var conclusion = f.Pattern("workflow_job.conclusion", Word());
        var failed = f.Items("workflow_job.steps").Find(step => step.Text("conclusion") == "failure");
        return new WebhookSummary
        {
            Name = "github.workflow_job",
            FilterReason = WakeReason(f, conclusion),
            Trusted = Named(
                Text("action", f.Pattern("action", Word())),
                Text("repository", f.Pattern("repository.full_name", Repository())),
                Text("conclusion", conclusion),
                Address("url", f.Link("workflow_job.html_url")),
                Text("head_sha", f.Pattern("workflow_job.head_sha", Sha())),
                Number("run_id", f.Integer("workflow_job.run_id")),
                Number("run_attempt", f.Integer("workflow_job.run_attempt")),
                Number("failed_step", failed.Integer("number")),
                Text("sender", f.Pattern("sender.login", Login())),
                Text("author", Outside)),
            Stranger = true,
        };
    }

    private static WebhookSummary PullRequest(PayloadFields f, MemberIds members)
    {
        var author = IsMember(f.Text("pull_request.author_association")) || members.Has(f.Integer("pull_request.user.id")) ? Member : Outside;
        var (home, head) = (f.Integer("pull_request.base.repo.id"), f.Integer("pull_request.head.repo.id"));
        var own = home is not null && home == head; // only who may push here has a branch here
        return new WebhookSummary
        {
            Name = "github.pull_request",
            Trusted = Named(
                Text("action", f.Pattern("action", Word())),
                Text("repository", f.Pattern("repository.full_name", Repository())),
                Text("sender", f.Pattern("sender.login", Login())),
                Number("sender_id", f.Integer("sender.id")),
                Number("number", f.Integer("pull_request.number")),
                Address("url", f.Link("pull_request.html_url")),
                Text("head_sha", f.Pattern("pull_request.head.sha", Sha())),
                Number("author_id", f.Integer("pull_request.user.id")),
                Number("changed_files", f.Integer("pull_request.changed_files")),
                Text("draft", f.Flag("pull_request.draft") == true ? "true" : null),
                Text("author", author)),
            Untrusted = author != Member
                ? []
                : Named(
                    Text("title", f.Text("pull_request.title")),
                    Text("branch", f.Text("pull_request.head.ref")),
                    Text("body", f.Text("pull_request.body"), Long)),
            Branch = own ? f.Pattern("pull_request.head.ref", Shapes.Path()) : null,
            Fork = own ? false : IsFork(home, head),
            Stranger = author != Member,
            PayloadOpen = author == Member && AllAreMembers(f, members),
        };
    }

    // Only members push. The branch's name is theirs; a commit's message may be anybody's whose work they merged.
    private static WebhookSummary Push(PayloadFields f)
    {
        var standard = f.Text("repository.default_branch") is { Length: > 0 } branch && f.Text("ref") == $"refs/heads/{branch}";
        return new WebhookSummary
        {
            Name = "github.push",
            FilterReason = f.Flag("deleted") == true ? "deleted" : standard ? null : "not the default branch",
            Trusted = Named(
                Text("repository", f.Pattern("repository.full_name", Repository())),
                Text("sender", f.Pattern("sender.login", Login())),
                Number("sender_id", f.Integer("sender.id")),
                Text("before", f.Pattern("before", Sha())),
                Text("after", f.Pattern("after", Sha())),
                Number("commits", f.Items("commits").Count),
                Text("forced", f.Flag("forced") == true ? "true" : null),
                Address("url", f.Link("head_commit.url"))),
            Untrusted = Named(Text("ref", f.Text("ref"))),
            Branch = BranchOf(f.Pattern("ref", Shapes.Path())),
            Fork = false,
        };
    }

    // refs/heads/main; a tag is no branch.
    private static string? BranchOf(string? reference) =>
        reference?.StartsWith("refs/heads/", StringComparison.Ordinal) == true ? reference["refs/heads/".Length..] : null;

    private static WebhookSummary DependabotAlert(PayloadFields f)
    {
        var severity = f.Pattern("alert.security_advisory.severity", Word());
        return new WebhookSummary
        {
            Name = "github.dependabot_alert",
            FilterReason = f.Text("action") is not ("created" or "reopened" or "reintroduced") ? "not new"
                : severity is "high" or "critical" ? null : "not severe",
            Trusted = Named(
                Text("action", f.Pattern("action", Word())),
                Text("repository", f.Pattern("repository.full_name", Repository())),
                Number("number", f.Integer("alert.number")),
                Address("url", f.Link("alert.html_url")),
                Text("severity", severity),
                Text("ghsa_id", f.Pattern("alert.security_advisory.ghsa_id", AdvisoryId())),
                Text("cve_id", f.Pattern("alert.security_advisory.cve_id", AdvisoryId())),
                Text("ecosystem", f.Pattern("alert.dependency.package.ecosystem", Word())),
                Text("package", f.Pattern("alert.dependency.package.name", Package())),
                Text("sender", f.Pattern("sender.login", Login())),
                Text("author", Outside)),
            Stranger = true, // whoever reported the weakness wrote its description
            Subject = About(
                f.Text("action") is "created" or "reopened" or "reintroduced", f.Text("action") == "fixed", f.Moment("alert.updated_at"),
                "dependabot", $"{f.Integer("repository.id")}", $"{f.Integer("alert.number")}"),
        };
    }

    private static WebhookSummary SecurityAdvisory(PayloadFields f)
    {
        var first = f.Items("security_advisory.vulnerabilities").FirstOrDefault();
        return new WebhookSummary
        {
            Name = "github.security_advisory",
            FilterReason = f.Text("action") is "published" or "updated" ? null : "not published",
            Trusted = Named(
                Text("action", f.Pattern("action", Word())),
                Text("severity", f.Pattern("security_advisory.severity", Word())),
                Text("ghsa_id", f.Pattern("security_advisory.ghsa_id", AdvisoryId())),
                Text("ecosystem", first.Pattern("package.ecosystem", Word())),
                Text("package", first.Pattern("package.name", Package())),
                Text("author", Outside)),
            Stranger = true,
        };
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"\A(GHSA|CVE)-[0-9a-z-]{4,30}\z")]
    private static partial System.Text.RegularExpressions.Regex AdvisoryId();

    [System.Text.RegularExpressions.GeneratedRegex(@"\A@?[A-Za-z0-9_.-]{1,60}([/:][A-Za-z0-9_.-]{1,60}){0,4}\z")]
    private static partial System.Text.RegularExpressions.Regex Package();
}
