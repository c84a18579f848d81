using Cluster.Core.Events;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.GitHub;

public static partial class GitHubEvent
{
    // A suite is all checks of one app for a commit (GitHub Docs: REST, check suites). It has no address of its own.
    private static WebhookSummary CheckSuite(PayloadFields f)
    {
        var conclusion = f.Pattern("check_suite.conclusion", Word());
        var author = CheckAuthor(f, "check_suite", "check_suite");
        return new WebhookSummary
        {
            Name = "github.check_suite",
            FilterReason = WakeReason(f, conclusion),
            FilteredBy = WokenBy(f),
            Trusted = Told("check_suite", f, author),
            Branch = author == Member ? f.Pattern("check_suite.head_branch", Shapes.Path()) : null,
            Fork = author == Member ? false : IsForeign(f, "check_suite", "check_suite") ? true : null,
            Stranger = author != Member,
        };
    }

    // Branches that are listed are the repository's own, and its commit is on them (GitHub Docs: webhook events, status). A fork's commit is on none.
    private static WebhookSummary Status(PayloadFields f)
    {
        var row = GitHubEvents.ByName["status"];
        var branches = f.Items("branches").ConvertAll(branch => branch.Pattern("name", Shapes.Path()));
        var standard = f.Text("repository.default_branch");
        return new WebhookSummary
        {
            Name = "github.status",
            FilterReason = row.Outcome!.FilterReason(f),
            FilteredBy = row.Outcome.Field,
            Trusted = Told("status", f, branches.Count > 0 ? Member : Outside),
            Branch = branches.Contains(standard) ? standard : branches.Count == 1 ? branches[0] : null,
            Fork = branches.Count > 0 ? false : null,
            Stranger = branches.Count == 0,
        };
    }

    // Only who may write here deploys here. A later deployment to an environment makes an earlier one's failure needless.
    private static WebhookSummary DeploymentStatus(PayloadFields f)
    {
        var row = GitHubEvents.ByName["deployment_status"];
        var state = f.Text("deployment_status.state");
        return new WebhookSummary
        {
            Name = "github.deployment_status",
            FilterReason = row.Outcome!.FilterReason(f),
            FilteredBy = row.Outcome.Field,
            Trusted = row.Read(f),
            Subject = About(
                state is "failure" or "error", state == "success", f.Integer("deployment.id"),
                "deployment", $"{f.Integer("repository.id")}", f.Text("deployment.task"), f.Text("deployment.environment")),
        };
    }

    // A job tells nothing about where its commit stands.
    private static WebhookSummary WorkflowJob(PayloadFields f)
    {
        var conclusion = f.Pattern("workflow_job.conclusion", Word());
        var failed = f.Items("workflow_job.steps").Find(step => step.Text("conclusion") is "failure" or "timed_out");
        return new WebhookSummary
        {
            Name = "github.workflow_job",
            FilterReason = WakeReason(f, conclusion),
            FilteredBy = WokenBy(f),
            Trusted =
            [
                .. Told("workflow_job", f, Outside),
                .. Named(
                    Number("failed_step", failed.Integer("number")),
                    Text("failed_step_name", failed.Text("name"))),
            ],
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
            Trusted = Told("pull_request", f, author),
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
            Trusted = [.. Told("push", f, null), .. Named(Number("commits", f.Items("commits").Count))],
            Branch = BranchOf(f.Pattern("ref", Shapes.Path())),
            Fork = false,
        };
    }

    // refs/heads/main; a tag is no branch.
    private static string? BranchOf(string? reference) =>
        reference?.StartsWith("refs/heads/", StringComparison.Ordinal) == true ? reference["refs/heads/".Length..] : null;

    private static WebhookSummary DependabotAlert(PayloadFields f)
    {
        var severity = f.Text("alert.security_advisory.severity");
        return new WebhookSummary
        {
            Name = "github.dependabot_alert",
            FilterReason = f.Text("action") is not ("created" or "reopened" or "reintroduced") ? "not new"
                : severity is "high" or "critical" ? null : "not severe",
            FilteredBy = f.Text("action") is "created" or "reopened" or "reintroduced" ? "severity" : "action",
            Trusted = Told("dependabot_alert", f, Outside),
            Stranger = true, // whoever reported the weakness wrote its description
            Subject = About(
                f.Text("action") is "created" or "reopened" or "reintroduced", f.Text("action") == "fixed", f.Moment("alert.updated_at"),
                "dependabot", $"{f.Integer("repository.id")}", $"{f.Integer("alert.number")}"),
        };
    }

    private static WebhookSummary SecurityAdvisory(PayloadFields f)
    {
        return new WebhookSummary
        {
            Name = "github.security_advisory",
            FilterReason = f.Text("action") is "published" or "updated" ? null : "not published",
            FilteredBy = "action",
            Trusted = Told("security_advisory", f, Outside),
            Stranger = true,
        };
    }
}
