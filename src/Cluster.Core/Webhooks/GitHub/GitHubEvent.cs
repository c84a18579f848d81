using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.RegularExpressions;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.GitHub;

/// <summary>
/// Reads one GitHub delivery (GitHub Docs: webhook events and payloads). Platform-made fields are trusted after a pattern check;
/// what a pull request's author, a workflow file or a commit can write is untrusted, and left out when its author is not a member.
/// </summary>
public static partial class GitHubEvent
{
    private static readonly GitHubHook Hook = new();

    /// <exception cref="JsonException">The body is not the JSON of an object, has a name twice, or is too deep.</exception>
    public static WebhookSummary Read(string eventName, ReadOnlyMemory<byte> body, SourceSettings? settings = null) =>
        FactTable.Told(Hook, Offer(eventName, body, settings ?? SourceSettings.None), settings ?? SourceSettings.None);

    /// <summary>What it has, before <see cref="FactTable"/> says what of it is trusted.</summary>
    internal static WebhookSummary Offer(string eventName, ReadOnlyMemory<byte> body, SourceSettings settings)
    {
        using var document = PayloadFields.ParseObject(body);
        return Offer(eventName, new PayloadFields(document.RootElement), settings);
    }

    internal static WebhookSummary Offer(string eventName, PayloadFields reader, SourceSettings settings) =>
        Read(eventName, reader, new MemberIds(settings)) with { Host = reader.Host("repository.html_url") };

    private static WebhookSummary Read(string eventName, PayloadFields reader, MemberIds members) =>
        eventName switch
        {
            "ping" => new WebhookSummary { Name = "github.ping", FilterReason = "ping" },
            "check_run" => CheckRun(reader),
            "check_suite" => CheckSuite(reader),
            "workflow_run" => WorkflowRun(reader, members),
            "workflow_job" => WorkflowJob(reader),
            "status" => Status(reader),
            "deployment_status" => DeploymentStatus(reader),
            "pull_request" => PullRequest(reader, members),
            "push" => Push(reader),
            "dependabot_alert" => DependabotAlert(reader),
            "security_advisory" => SecurityAdvisory(reader),
            _ => Other(eventName, reader, members),
        };

    /// <summary>The name in <c>X-GitHub-Event</c>.</summary>
    public static bool IsEventName([NotNullWhen(true)] string? name) => name is not null && EventName().IsMatch(name);

    /// <summary>The id in <c>X-GitHub-Delivery</c>: a GUID at GitHub; other servers of the same protocol use longer ones.</summary>
    public static bool IsDeliveryId([NotNullWhen(true)] string? id) => id is not null && DeliveryId().IsMatch(id);

    private static WebhookSummary CheckRun(PayloadFields f)
    {
        var conclusion = f.Pattern("check_run.conclusion", Word());
        var author = CheckAuthor(f, "check_run", "check_run.check_suite");
        return new WebhookSummary
        {
            Name = "github.check_run",
            FilterReason = WakeReason(f, conclusion),
            FilteredBy = WokenBy(f),
            Trusted = Told("check_run", f, author),
            Branch = author == Member ? f.Pattern("check_run.check_suite.head_branch", Shapes.Path()) : null,
            Fork = author == Member ? false : IsForeign(f, "check_run", "check_run.check_suite") ? true : null,
            Stranger = author != Member,
            PayloadOpen = author == Member,

            // The same check on the same branch, never of an older commit: a run that is made again for it stays in its suite (GitHub Docs: REST, check suites).
            // Two workflows may have jobs of one name, and a stranger's comment may start one of them, so of GitHub's own Actions only whole runs recover.
            Subject = author != Member || f.Text("check_run.app.slug") == Actions ? null : About(
                WakeReason(f, conclusion) is null, IsWell(f, conclusion), f.Integer("check_run.check_suite.id"),
                "check", $"{f.Integer("repository.id")}", f.Text("check_run.app.slug"), f.Text("check_run.name"), f.Text("check_run.check_suite.head_branch")),
        };
    }

    // Who starts a run need not have written its commit: after a merge its message, of which a push's run takes its title, is still a
    // stranger's. So neither is told, and the payload, which has both, stays shut.
    private static WebhookSummary WorkflowRun(PayloadFields f, MemberIds members)
    {
        var conclusion = f.Pattern("workflow_run.conclusion", Word());
        var trigger = f.Pattern("workflow_run.event", Word());
        var home = f.Integer("repository.id");
        var own = home is not null && home == f.Integer("workflow_run.head_repository.id") && Array.IndexOf(MembersTriggers, trigger) >= 0;
        var author = own || IsListedFork(f, trigger, members) ? Member : Outside;
        return new WebhookSummary
        {
            Name = "github.workflow_run",
            FilterReason = WakeReason(f, conclusion),
            FilteredBy = WokenBy(f),
            Trusted = Told("workflow_run", f, author),
            Branch = own ? f.Pattern("workflow_run.head_branch", Shapes.Path()) : null,
            Fork = own ? false : IsFork(home, f.Integer("workflow_run.head_repository.id")),
            Stranger = author != Member,

            // The same workflow on the same branch, started by the same kind of thing: a scheduled run need not do what a push's does. Its runs are
            // counted, and a run that is made again keeps its number (GitHub Docs: github context).
            Subject = author != Member ? null : About(
                WakeReason(f, conclusion) is null, IsWell(f, conclusion), (f.Integer("workflow_run.run_number") * MostAttempts) + (f.Integer("workflow_run.run_attempt") ?? 1),
                "workflow", $"{home}", $"{f.Integer("workflow_run.workflow_id")}", trigger, f.Text("workflow_run.head_branch")),
        };
    }

    // Any other event is told by its row, and by what all have. Sentences come along only if the platform says that a member wrote them.
    private static WebhookSummary Other(string eventName, PayloadFields f, MemberIds members)
    {
        string[] subjects = ["pull_request", "issue", "comment", "review", "discussion", "release", "alert"];
        var subject = Array.Find(subjects, f.Has);
        var row = GitHubEvents.ByName.GetValueOrDefault(eventName);
        var author = "none";
        if (subject is not null)
        {
            // The innermost thing is the newest text: a stranger's comment on a member's issue is a stranger's event.
            subject = Array.Find(["review", "comment"], f.Has) ?? subject;
            author = IsMember(f.Text($"{subject}.author_association")) || members.Has(AuthorId(f, subject)) ? Member : Outside;
        }
        else if (row is { Strangers: true })
        {
            author = Outside;
        }

        var common = Named(
            Number("sender_id", f.Integer("sender.id")),
            Text("sender", f.Text("sender.login")),
            Number("number", subject is null ? null : f.Integer($"{subject}.number") ?? f.Integer("issue.number") ?? f.Integer("pull_request.number")),
            Address("url", subject is null ? f.Link("compare") : f.Link($"{subject}.html_url") ?? f.Link("pull_request.html_url") ?? f.Link("issue.html_url")),
            Text("author", author == "none" ? null : author),
            Text("title", f.Text(subject == "release" ? "release.name" : $"{subject}.title")),
            Text("body", subject == "release" ? null : f.Text($"{subject}.body"), Long));
        var told = (row ?? GitHubEvents.Unknown).Read(f);

        // A member's review stands on a stranger's pull request: then only the review's words are a member's.
        if (author == Member && Array.Exists(["pull_request", "issue", "discussion"], thread => f.Has(thread) && !IsMember(f.Text($"{thread}.author_association")) && !members.Has(f.Integer($"{thread}.user.id"))))
        {
            told.RemoveAll(field => field.Name is "title" or "label" or "labels");
        }

        told.AddRange(common.Where(field => told.All(other => other.Name != field.Name)));
        return new WebhookSummary
        {
            Name = $"github.{eventName}",
            FilterReason = row?.Outcome?.FilterReason(f),
            FilteredBy = row?.Outcome?.Field,
            Trusted = told,
            Untrusted = row is null ? [.. BodyFields.Of(f.Root, 1, told.Select(field => field.Name))] : [],
            Stranger = author == Outside,
            PayloadOpen = author == Member && subject != "release" && AllAreMembers(f, members),
        };
    }

    private static List<WebhookField> Told(string eventName, PayloadFields f, string? author) =>
        [.. GitHubEvents.ByName[eventName].Read(f), .. Named(Text("author", author))];

    // What of an event says that nobody need hear of it.
    private static string WokenBy(PayloadFields f) => f.Text("action") == "completed" ? "conclusion" : "action";

    // What only somebody with write access sets off in the repository itself. An issue or a comment runs there too, with its author's
    // words as the run's title, and so does a run that another run sets off.
    private static readonly string[] MembersTriggers =
        ["push", "pull_request", "schedule", "workflow_dispatch", "repository_dispatch", "merge_group", "release"];

    private static string? WakeReason(PayloadFields f, string? conclusion) =>
        f.Text("action") != "completed" ? "not completed"
        : conclusion is "failure" or "timed_out" or "action_required" or "startup_failure" ? null
        : "not a failure";

    private const long MostAttempts = 10_000;
    private const string Actions = "github-actions";

    private static bool IsWell(PayloadFields f, string? conclusion) => f.Text("action") == "completed" && conclusion == "success";

    // A check run names no author. Its text comes from a workflow file or an app that reads the commit, so it is a member's only
    // where the commit stands in the repository itself. A pull request that is listed tells by its head repository. Where none is
    // listed, a fork has no branch here (GitHub Docs: REST, check runs), but runs of GitHub's own Actions may carry the fork's.
    private static string CheckAuthor(PayloadFields f, string check, string suite)
    {
        if (f.Integer("repository.id") is not { } home || f.Text($"{suite}.head_branch") is null)
        {
            return Outside;
        }

        var listed = false;
        foreach (var list in new[] { $"{check}.pull_requests", $"{suite}.pull_requests" }.Distinct())
        {
            foreach (var pullRequest in f.Items(list))
            {
                listed = true;
                if (pullRequest.Integer("head.repo.id") != home)
                {
                    return Outside;
                }
            }
        }

        return listed || f.Text($"{check}.app.slug") is { } app && app != Actions ? Member : Outside;
    }

    // A pull request that is listed and comes from another repository.
    private static bool IsForeign(PayloadFields f, string check, string suite) =>
        f.Items($"{check}.pull_requests").Concat(f.Items($"{suite}.pull_requests"))
            .Any(pullRequest => IsFork(f.Integer("repository.id"), pullRequest.Integer("head.repo.id")) == true);

    // That it is none is said only where a member's commit is proved, since a run of the repository itself may be about a fork's.
    private static bool? IsFork(long? home, long? head) => home is not null && head is not null && head != home ? true : null;

    // A pull request's run of a listed person's own fork, set off by them: its names are of their files and their branch. A check run, a job and a
    // push tell nobody by id who wrote their words: the sender is only who set them off, and may have re-run a stranger's.
    private static bool IsListedFork(PayloadFields f, string? trigger, MemberIds members) =>
        trigger == "pull_request" && members.Has(f.Integer("workflow_run.actor.id")) && members.Has(f.Integer("workflow_run.head_repository.owner.id"));

    // A release has an author and no association. Its notes are no words of the author's: GitHub makes them of the titles of pull requests, which
    // strangers gave (GitHub Docs: automatically generated release notes).
    private static long? AuthorId(PayloadFields f, string subject) => f.Integer(subject == "release" ? "release.author.id" : $"{subject}.user.id");

    private static bool AllAreMembers(PayloadFields f, MemberIds members) =>
        f.All("author_association", item => IsMember(item.Text("author_association")) || members.Has(item.Integer("user.id")));

    private static bool IsMember(string? association) => association is "OWNER" or "MEMBER" or "COLLABORATOR";

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,63}\z")]
    private static partial Regex EventName();

    [GeneratedRegex(@"\A[A-Za-z0-9-]{1,64}\z")]
    private static partial Regex DeliveryId();

    [GeneratedRegex(@"\A[a-z_]{1,40}\z")]
    private static partial Regex Word();

    [GeneratedRegex(@"\A[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}\z")]
    private static partial Regex Repository();

    [GeneratedRegex(@"\A[0-9a-f]{40}([0-9a-f]{24})?\z")]
    private static partial Regex Sha();
}
