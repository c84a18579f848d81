using System.Text;
using Cluster.Core.Events;
using Cluster.Core.Routing;
using Cluster.Core.Webhooks.GitHub;
using Cluster.Testing;

namespace Cluster.Tests.Routing;

/// <summary>Routes ask for facts by one name over all kinds, and for none that their sources never tell.</summary>
public sealed class FactRouteTests
{
    [Theory]
    [InlineData("github/github-code-scanning", "severity", "high", false)]
    [InlineData("github/github-deployment-failed", "status", "failure", false)]
    [InlineData("github/github-deployment-failed", "environment", "live-eu", true)]
    [InlineData("github/check_run.completed.failure", "status", "failure", false)]
    [InlineData("gitlab/gitlab-deployment-failed", "status", "failed", false)]
    [InlineData("gitlab/gitlab-deployment-failed", "environment", "shop-eu", true)]
    [InlineData("gitlab/gitlab-vulnerability", "severity", "critical", false)]
    [InlineData("bitbucket/bitbucket-status-failed", "status", "FAILED", false)]
    [InlineData("bitbucket/bitbucket-dc-pr-opened", "repository", "ACME/api", false)]
    [InlineData("sentry/sentry-issue-created", "priority", "high", false)]
    [InlineData("sentry/sentry-issue-created", "severity", "fatal", true)]
    [InlineData("alertmanager/alertmanager-mixed", "severity", "warning", true)]
    [InlineData("datadog/datadog-custom-alert-names", "priority", "P1", false)]
    [InlineData("datadog/datadog-custom-alert-names", "status", "Triggered", false)]
    [InlineData("buildkite/buildkite-agent-lost", "status", "lost", false)]
    [InlineData("pagerduty/incident.triggered", "severity", "high", false)]
    [InlineData("pagerduty/incident.priority_updated", "priority", "P1", true)]
    [InlineData("standard-webhooks/standard-flat", "status", "failed", true)]
    public void A_fact_is_a_condition_by_one_name_over_all_kinds(string name, string field, string value, bool untrusted)
    {
        var sample = WebhookSamples.Find(name);

        var routed = RoutedEvent.Of("ci", sample.Read(sample.Body).Summary);

        Assert.Equal(value, routed.Value(field, untrusted: true));
        Assert.Equal(untrusted ? null : value, routed.Value(field, untrusted: false));
        Assert.Empty(RouteRules.NeverMet(Route(untrusted, (field, value)), [("ci", sample.Kind)]));
    }

    [Theory]
    [InlineData("jenkins", "severity", "high", false, "have no 'severity'")]
    [InlineData("jenkins", "branch", "main", false, "have no 'branch'")]
    [InlineData("github", "conclusion", "failed", false, "is never failed")]
    [InlineData("alertmanager", "severity", "critical", false, "untrusted: true")]
    [InlineData("generic", "status", "failed", false, "untrusted: true")]
    public void A_condition_that_no_event_of_a_source_can_meet_is_a_fault(string kind, string field, string value, bool untrusted, string text)
    {
        var (part, fault) = Assert.Single(RouteRules.NeverMet(Route(untrusted, (field, value)), [("ci", kind)]));

        Assert.Equal($"condition:{field}", part);
        Assert.Contains(text, fault);
    }

    [Theory]
    [InlineData("github", "sender")] // strangers write it
    [InlineData("alertmanager", "url2")] // nobody has it
    [InlineData("datadog", "text")]
    public void What_is_a_fault_already_is_told_once(string kind, string field) =>
        Assert.Empty(RouteRules.NeverMet(Route(false, (field, "x")), [("ci", kind)]));

    [Fact]
    public void What_one_of_several_sources_can_meet_is_none()
    {
        var route = Route(false, ("conclusion", "failure"));

        Assert.Empty(RouteRules.NeverMet(route, [("ci", "github"), ("alerts", "alertmanager")]));
        Assert.Single(RouteRules.NeverMet(route, [("alerts", "alertmanager"), ("jobs", "jenkins")]));
        Assert.Single(RouteRules.NeverMet(Route(false, ("type", "push"), ("conclusion", "failure")), [("ci", "github")]));
        Assert.Empty(RouteRules.NeverMet(Route(false, ("type", "push"), ("conclusion", "failure")), []));
    }

    [Theory]
    [InlineData("github/workflow_run.completed", "conclusion", "success")]
    [InlineData("github/workflow_run.completed", "status", "succ*")]
    [InlineData("github/github-deployment-success", "state", "success")]
    [InlineData("gitlab/gitlab-deployment-success", "status", "success")]
    [InlineData("circleci/workflow-completed", "status", "success")]
    public void A_route_that_names_a_success_gets_it(string name, string field, string value)
    {
        var sample = WebhookSamples.Find(name);
        var summary = sample.Read(sample.Body).Summary;
        var routed = RoutedEvent.Of("ci", summary);

        Assert.NotNull(Enter(Route(false), routed, summary));
        Assert.NotNull(Enter(Route(false, (field, "*")), routed, summary));
        Assert.NotNull(Enter(Route(false, (field, "failure")), routed, summary));
        Assert.Null(Enter(Route(false, (field, value)), routed, summary));
    }

    [Fact]
    public void Thirty_failing_checks_of_Actions_after_one_push_are_one_message_and_a_forks_are_another()
    {
        string[] Folds(string commit) => [.. Enumerable.Range(1, 30).Select(i => Fold(Check($"job {i}", commit)))];

        var (push, fork) = (Folds(new string('a', 40)), Folds(new string('b', 40)));

        Assert.Single(push.Distinct());
        Assert.Single(fork.Distinct());
        Assert.NotEqual(push[0], fork[0]); // though it calls its branch main too
    }

    private static string Fold(WebhookSummary summary)
    {
        var route = Route(false) with { Fold = new RouteFold { By = ["repository", "branch"], Within = TimeSpan.FromSeconds(10), AtMost = TimeSpan.FromMinutes(1) } };
        return HoldRules.Enter(route, RoutedEvent.Of("ci", summary), summary, DateTimeOffset.UnixEpoch).Hold!.Fold!;
    }

    private static WebhookSummary Check(string name, string commit) => GitHubEvent.Read("check_run", Encoding.UTF8.GetBytes($$$"""
        {"action":"completed","check_run":{"id":1,"name":"{{{name}}}","head_sha":"{{{commit}}}","conclusion":"failure","app":{"slug":"github-actions"},
         "check_suite":{"head_branch":"main","pull_requests":[]},"pull_requests":[]},"repository":{"id":1,"full_name":"acme/api","default_branch":"main"}}
        """));

    private static string? Enter(Route route, RoutedEvent routed, WebhookSummary summary) => HoldRules.Enter(route, routed, summary, DateTimeOffset.UnixEpoch).FilterReason;

    private static Route Route(bool untrusted, params (string Field, string Value)[] when) => new()
    {
        Name = "one",
        When = [new RouteCondition { Field = "source", Values = ["ci"] }, .. when.Select(one => new RouteCondition { Field = one.Field, Values = [one.Value] })],
        To = "alice/api",
        Untrusted = untrusted,
    };
}
