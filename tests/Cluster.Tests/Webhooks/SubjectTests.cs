using System.Text.Json.Nodes;
using Cluster.Core.Events;
using Cluster.Testing;
using Cluster.Tests.Webhooks.GitHub;

namespace Cluster.Tests.Webhooks;

/// <summary>What an event is about, and which success makes which failure needless.</summary>
public sealed class SubjectTests
{
    [Fact]
    public void A_check_recovers_on_the_same_branch_and_never_of_an_older_commit()
    {
        const string Sample = "github/check_run.completed.failure";
        var red = Payload(Sample).With("check_run.app.slug", "octo-ci");
        var green = Copy(red).With("check_run.conclusion", "success").With("check_run.id", 128620229);
        var suite = red["check_run"]!["check_suite"]!["id"]!.GetValue<long>();

        AssertHeals(Sample, red, green);
        Assert.Equal((suite, suite), (Subject(Sample, red)!.Step, Subject(Sample, green)!.Step));
        Assert.Equal(suite - 1, Subject(Sample, Copy(green).With("check_run.check_suite.id", suite - 1))!.Step);
        AssertOther(Sample, red, Copy(green).With("check_run.name", "another"));
        AssertOther(Sample, red, Copy(green).With("check_run.app.slug", "another"));
        AssertOther(Sample, red, Copy(green).With("check_run.check_suite.head_branch", "another"));
        AssertNone(Sample, Copy(green).With("check_run.conclusion", "neutral"));
        AssertNone(Sample, Copy(green).With("check_run.conclusion", "cancelled"));
        AssertNone(Sample, Copy(green).With("action", "created"));
    }

    [Fact]
    public void A_job_of_GitHubs_own_Actions_heals_nothing_since_another_workflow_may_have_one_of_its_name()
    {
        const string Sample = "github/check_run.completed.failure";
        var red = Payload(Sample).With("check_run.app.slug", "github-actions");

        AssertNone(Sample, red);
        AssertNone(Sample, Copy(red).With("check_run.conclusion", "success"));
    }

    [Fact]
    public void A_forks_green_check_heals_nothing_whatever_it_calls_its_branch()
    {
        const string Sample = "github/check_run.completed.failure";
        var green = Payload(Sample).With("check_run.app.slug", "octo-ci").With("check_run.conclusion", "success");
        green["check_run"]!["pull_requests"]![0]!["head"]!["repo"]!["id"] = 5;

        AssertNone(Sample, green);
        AssertNone(Sample, Payload(Sample).With("check_run.conclusion", "success").With("check_run.pull_requests", new JsonArray())
            .With("check_run.check_suite.pull_requests", new JsonArray()).With("check_run.app.slug", "github-actions"));
    }

    [Fact]
    public void A_workflow_recovers_by_a_later_run_or_a_later_attempt_of_the_same_branch()
    {
        const string Sample = "github/workflow_run.completed";
        var red = Payload(Sample).With("workflow_run.conclusion", "failure").With("workflow_run.run_attempt", 1);
        var green = Copy(red).With("workflow_run.conclusion", "success").With("workflow_run.run_attempt", 2);

        AssertHeals(Sample, red, green);
        Assert.True(Subject(Sample, green)!.Step > Subject(Sample, red)!.Step);
        Assert.True(Subject(Sample, Copy(red).With("workflow_run.run_number", Number(red) + 1))!.Step > Subject(Sample, green)!.Step);
        AssertOther(Sample, red, Copy(green).With("workflow_run.workflow_id", 7));
        AssertOther(Sample, red, Copy(green).With("workflow_run.head_branch", "another"));
        AssertOther(Sample, Copy(red).With("workflow_run.event", "push"), Copy(green).With("workflow_run.event", "schedule"));
        AssertNone(Sample, Copy(green).With("workflow_run.head_repository.id", 5));
        AssertNone(Sample, Copy(green).With("workflow_run.event", "issue_comment"));

        static long Number(JsonObject json) => json["workflow_run"]!["run_number"]!.GetValue<long>();
    }

    [Fact]
    public void A_branchs_pipeline_at_GitLab_recovers_and_a_merge_requests_or_a_tags_does_not()
    {
        const string Sample = "gitlab/pipeline";
        var red = Payload(Sample).With("merge_request", null).With("object_attributes.source", "push").With("object_attributes.status", "failed");
        var green = Copy(red).With("object_attributes.status", "success").With("object_attributes.id", 32);

        AssertHeals(Sample, red, green);
        AssertOther(Sample, red, Copy(green).With("object_attributes.ref", "another"));
        AssertOther(Sample, red, Copy(green).With("object_attributes.source", "schedule"));
        AssertOther(Sample, red, Copy(green).With("project.id", 77));
        AssertNone(Sample, Copy(green).With("object_attributes.tag", true));
        AssertNone(Sample, Copy(green).With("object_attributes.source", "external_pull_request_event"));
        AssertNone(Sample, Payload(Sample));
        AssertNone(Sample, Copy(green).With("object_attributes.status", "running"));
    }

    [Fact]
    public void A_workflow_at_CircleCI_recovers_and_a_forks_does_not()
    {
        const string Sample = "circleci/workflow-completed";
        var green = Payload(Sample);
        var red = Copy(green).With("workflow.status", "failed");

        AssertHeals(Sample, red, green);
        AssertOther(Sample, red, Copy(green).With("workflow.name", "another"));
        AssertOther(Sample, red, Copy(green).With("pipeline.vcs.branch", "another"));
        AssertOther(Sample, red, Copy(green).With("pipeline.trigger.type", "scheduled_pipeline"));
        AssertNone(Sample, Copy(green).With("pipeline.trigger", null));
        AssertNone(Sample, Copy(green).With("pipeline.vcs.branch", "pull/7"));
        AssertNone(Sample, Copy(green).With("pipeline.vcs.origin_repository_url", "https://github.com/stranger/webhook-service"));
        AssertNone(Sample, Copy(green).With("workflow.status", "canceled"));
    }

    [Fact]
    public void A_build_at_Buildkite_recovers_unless_it_is_blocked_or_a_pull_requests()
    {
        const string Sample = "buildkite/ping";
        var red = JsonNode.Parse("""
            {"event":"build.finished","build":{"id":"b1","state":"failed","number":7,"source":"webhook","blocked":false,"pull_request":null,"branch":"main"},
             "pipeline":{"id":"p1","slug":"p"}}
            """)!.AsObject();
        var green = Copy(red).With("build.state", "passed").With("build.number", 8);

        AssertHeals(Sample, red, green);
        AssertHeals(Sample, Copy(red).With("event", "build.failing").With("build.state", "failing"), green);
        AssertOther(Sample, red, Copy(green).With("build.branch", "another"));
        AssertOther(Sample, red, Copy(green).With("pipeline.id", "p2"));
        AssertNone(Sample, Copy(green).With("build.blocked", true));
        AssertNone(Sample, Copy(green).With("build.pull_request", new JsonObject { ["id"] = "7" }));
        AssertNone(Sample, Copy(green).With("event", "build.running"));
    }

    [Fact]
    public void A_job_at_Jenkins_recovers_by_its_whole_address()
    {
        const string Sample = "jenkins/notification.finalized.failure";
        var red = Payload(Sample).With("build.full_url", "https://ci.example.com/job/api/job/main/4/");
        var green = Copy(red).With("build.status", "SUCCESS").With("build.number", 5).With("build.full_url", "https://ci.example.com/job/api/job/main/5/");

        AssertHeals(Sample, red, green);
        AssertOther(Sample, red, Copy(green).With("build.full_url", "https://ci.example.com/job/web/job/main/5/"));
        AssertNone(Sample, Payload(Sample));
        AssertNone(Sample, Copy(green).With("build.phase", "COMPLETED"));
        AssertNone(Sample, Copy(green).With("build.status", "ABORTED"));
    }

    [Fact]
    public void An_incident_recovers_when_it_is_resolved_and_not_when_somebody_has_seen_it()
    {
        const string Sample = "pagerduty/incident.triggered";
        var red = Payload(Sample);
        var green = Copy(red).With("event.event_type", "incident.resolved");

        AssertHeals(Sample, red, green);
        Assert.True(Subject(Sample, Copy(green).With("event.occurred_at", "2020-10-02T18:45:22.168Z"))!.Step < Subject(Sample, red)!.Step);
        AssertNone(Sample, Copy(green).With("event.occurred_at", null));
        AssertOther(Sample, red, Copy(green).With("event.data.id", "ANOTHER"));
        AssertNone(Sample, Copy(green).With("event.event_type", "incident.acknowledged"));
        AssertNone(Sample, Copy(green).With("event.data.id", "not an id"));
    }

    [Theory]
    [InlineData("alertmanager/firing")]
    [InlineData("grafana/firing")]
    public void A_group_of_alerts_recovers_as_a_whole(string sample)
    {
        var red = Payload(sample).With("truncatedAlerts", 0);
        var green = Copy(red).With("status", "resolved");
        foreach (var alert in green["alerts"]!.AsArray())
        {
            alert!["status"] = "resolved";
            alert["endsAt"] = "2021-10-12T10:00:00.123456789+02:00";
        }

        AssertHeals(sample, red, green);
        var again = Copy(red);
        again["alerts"]![0]!["startsAt"] = "2021-10-12T10:00:01+02:00";
        Assert.True(Subject(sample, again)!.Step > Subject(sample, green)!.Step);
        AssertOther(sample, red, Copy(green).With("externalURL", "https://another.example"));
        AssertOther(sample, red, Copy(green).With("receiver", "another"));
        AssertOther(sample, red, Copy(green).With("groupKey", "{}:{alertname=\"another\"}"));
        AssertNone(sample, Copy(green).With("truncatedAlerts", 1));
        AssertNone(sample, Copy(green).With("alerts", new JsonArray()));
        AssertNone(sample, Copy(red).With("status", "resolved").With("alerts", new JsonArray(new JsonObject { ["status"] = "firing" })));
        AssertNone(sample, Copy(green).With("groupKey", null));
    }

    [Fact]
    public void A_group_whose_key_is_no_valid_text_is_no_subject()
    {
        var body = "{\"status\":\"resolved\",\"groupKey\":\"\\ud800\",\"alerts\":[{\"status\":\"resolved\"}]}"u8.ToArray();

        Assert.Null(WebhookSamples.Find("alertmanager/firing").Read(body).Summary.Subject);
    }

    [Fact]
    public void An_alert_of_Datadog_recovers_by_its_cycle_and_not_by_what_a_title_says()
    {
        const string Sample = "datadog/event.default_payload.triggered";
        var red = JsonNode.Parse("""{"id":"1","cycle":"123","transition":"Triggered","monitor":"42","title":"[Triggered] Load","scope":"host:a"}""")!.AsObject();
        var green = Copy(red).With("id", "2").With("transition", "Recovered");

        AssertHeals(Sample, red, green);
        AssertOther(Sample, red, Copy(green).With("cycle", "124"));
        AssertOther(Sample, red, Copy(green).With("scope", "host:b"));
        var titled = Copy(green).With("title", "[Recovered] Load");
        titled.Remove("transition");
        AssertNone(Sample, titled);
    }

    [Fact]
    public void A_metric_of_Sentry_recovers_when_it_is_closed_and_an_issue_whose_time_nobody_tells_does_not()
    {
        const string Sample = "sentry/metric_alert.resolved";
        var green = Payload(Sample).With("data.metric_alert.date_closed", "2020-09-13T12:30:00.000000Z");
        var red = Payload(Sample).With("action", "critical");

        AssertHeals(Sample, red, green);
        AssertOther(Sample, red, Copy(green).With("data.metric_alert.id", "5"));
        AssertNone(Sample, Payload(Sample));
        AssertNone("sentry/event_alert.triggered", Payload("sentry/event_alert.triggered"));
    }

    [Fact]
    public void A_weakness_recovers_when_it_is_fixed()
    {
        const string Sample = "github/dependabot_alert.created";

        AssertHeals(Sample, Payload(Sample), Payload(Sample).With("action", "fixed"));
        AssertNone(Sample, Payload(Sample).With("action", "fixed").With("alert.updated_at", null));
        Assert.True(Subject(Sample, Payload(Sample).With("action", "fixed").With("alert.updated_at", "2001-01-01T00:00:00Z"))!.Step < Subject(Sample, Payload(Sample))!.Step);
        AssertNone(Sample, Payload(Sample).With("action", "dismissed"));
    }

    [Theory]
    [InlineData("bitbucket/repo.commit_status_updated")]
    [InlineData("cloudevents/structured")]
    [InlineData("generic/deploy")]
    [InlineData("standard-webhooks")]
    [InlineData("github/workflow_job.completed.failure")]
    public void What_proves_nothing_about_itself_is_no_subject(string kind) =>
        Assert.All(WebhookSamples.All.Where(sample => $"{sample}".StartsWith(kind, StringComparison.Ordinal)), sample => Assert.Null(sample.Read(sample.Body).Summary.Subject));

    private static void AssertHeals(string sample, JsonObject red, JsonObject green)
    {
        var (broken, well) = (Subject(sample, red), Subject(sample, green));
        Assert.NotNull(broken);
        Assert.NotNull(well);
        Assert.Equal((broken.Key, false, true), (well.Key, broken.Recovers, well.Recovers));
        Assert.True(well.Step >= broken.Step);
    }

    private static void AssertOther(string sample, JsonObject red, JsonObject green) => Assert.NotEqual(Subject(sample, red)!.Key, Subject(sample, green)!.Key);

    private static void AssertNone(string sample, JsonObject json) => Assert.Null(Subject(sample, json));

    private static WebhookSubject? Subject(string sample, JsonObject json) => WebhookSamples.Find(sample).Read(Samples.Bytes(json)).Summary.Subject;

    private static JsonObject Payload(string sample) => JsonNode.Parse(WebhookSamples.Find(sample).Body)!.AsObject();

    private static JsonObject Copy(JsonObject json) => json.DeepClone().AsObject();
}
