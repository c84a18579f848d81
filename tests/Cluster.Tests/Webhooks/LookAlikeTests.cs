using System.Security.Cryptography;
using System.Text;
using Cluster.Core.Webhooks;
using Cluster.Testing;

namespace Cluster.Tests.Webhooks;

/// <summary>Of each sender: two true events that look alike both enter, a delivery that is resent enters once, and one that is replayed under another id,
/// where that is not signed, enters once within the time that is stated.</summary>
public sealed class LookAlikeTests
{
    private const int Always = 8 * 24 * 60 * 60; // as long as anything is known, in seconds
    private const int Minutes = 5 * 60;
    private const int Seconds = 10;

    private static readonly string[] GitHubDispatch = ["X-GitHub-Event: repository_dispatch", "X-GitHub-Delivery: {id}"];

    /// <summary>Name, sender, mode, headers, first body, second body, seconds between both, seconds for which a resent one is known, and for which one
    /// under another id is; -1 where there is no id that is not signed.</summary>
    public static TheoryData<string, string, string?, string[], string, string, int, int, int> Events => new()
    {
        { "a dispatch twice", "github", null, GitHubDispatch, """{"action":"deploy","branch":"main","client_payload":{"sha":"1","updated_at":"x"},"repository":{"pushed_at":1}}""", "", Seconds, Always, Seconds },
        { "a workflow asked for twice", "github", null, ["X-GitHub-Event: workflow_dispatch", "X-GitHub-Delivery: {id}"], """{"inputs":{"at":"1"},"ref":"refs/heads/main","workflow":"a.yml"}""", "", Seconds, Always, Seconds },
        { "a member added again", "github", null, ["X-GitHub-Event: member", "X-GitHub-Delivery: {id}"], """{"action":"added","member":{"id":1,"login":"m"},"repository":{"updated_at":"2026-03-01T00:00:00Z"}}""", "", Seconds, Always, Seconds },
        { "a check asked for twice", "github", null, ["X-GitHub-Event: check_run", "X-GitHub-Delivery: {id}"], """{"action":"rerequested","check_run":{"id":1,"completed_at":"2026-03-01T00:00:00Z"}}""", "", Seconds, Always, Seconds },
        { "a label made again", "github", null, ["X-GitHub-Event: label", "X-GitHub-Delivery: {id}"], """{"action":"edited","label":{"id":1,"name":"l","created_at":"2026-03-01T00:00:00Z"}}""", "", Seconds, Always, Seconds },
        { "a check of another run", "github", null, ["X-GitHub-Event: check_run", "X-GitHub-Delivery: {id}"], """{"action":"completed","check_run":{"id":1,"completed_at":"2026-03-01T00:00:00Z"}}""", """{"action":"completed","check_run":{"id":1,"completed_at":"2026-03-01T00:00:01Z"}}""", 0, Always, Always },
        { "another push", "github", null, ["X-GitHub-Event: repository_dispatch", "X-GitHub-Delivery: {id}"], """{"after":"a","before":"b","ref":"r","repository":{"pushed_at":1}}""", """{"after":"a","before":"b","ref":"r","repository":{"pushed_at":2}}""", 0, Always, Always },
        { "a branch moved there again", "gitlab", "token", ["Idempotency-Key: {id}"], """{"object_kind":"push","before":"a","after":"b","ref":"r"}""", "", Seconds, Always, Seconds },
        { "a flag on again", "gitlab", "token", [], """{"object_kind":"feature_flag","object_attributes":{"id":6,"active":true}}""", "", Minutes, Minutes, -1 },
        { "another pipeline, without keys", "gitlab", "token", [], """{"object_kind":"pipeline","object_attributes":{"id":1,"status":"failed"}}""", """{"object_kind":"pipeline","object_attributes":{"id":2,"status":"failed"}}""", 0, Always, -1 },
        { "the same words signed twice", "gitlab", "signing", ["webhook-id: {id}"], """{"object_kind":"push","before":"a","after":"b"}""", "", 0, Always, -1 },
        { "a branch moved there again", "bitbucket", null, ["X-Event-Key: repo:push", "X-Request-UUID: {id}"], """{"push":{"changes":[{"new":{"name":"main","target":{"hash":"abcdef1","date":"2026-03-01"}}}]}}""", "", Minutes, Always, Minutes },
        { "a status that changed", "bitbucket", null, ["X-Event-Key: repo:commit_status_updated", "X-Request-UUID: {id}"], """{"commit_status":{"state":"FAILED","updated_on":"1"}}""", """{"commit_status":{"state":"FAILED","updated_on":"2"}}""", 0, Always, Always },
        { "a push of Data Center's", "bitbucket", null, ["X-Event-Key: repo:push", "X-Request-Id: {id}"], """{"date":"2026-03-01T00:00:00+0000","changes":[]}""", """{"date":"2026-03-01T00:00:01+0000","changes":[]}""", 0, Always, Always },
        { "another event of an incident", "pagerduty", null, ["X-Webhook-Id: {id}"], """{"event":{"id":"e1","event_type":"incident.escalated","data":{"id":"P1"}}}""", """{"event":{"id":"e2","event_type":"incident.escalated","data":{"id":"P1"}}}""", 0, Always, Always },
        { "two rules on one event", "sentry", null, ["Sentry-Hook-Resource: event_alert", "Request-ID: {id}"], """{"action":"triggered","data":{"event":{"event_id":"abc1"},"triggered_rule":"Very important"}}""", """{"action":"triggered","data":{"event":{"event_id":"abc1"},"triggered_rule":"More than ten"}}""", 0, Always, Always },
        { "an issue opened again", "sentry", null, ["Sentry-Hook-Resource: issue", "Request-ID: {id}"], """{"action":"unresolved","data":{"issue":{"id":"7","lastSeen":"2026-03-01"}}}""", "", Minutes, Minutes, Minutes },
        { "another issue", "sentry", null, ["Sentry-Hook-Resource: issue", "Request-ID: {id}"], """{"action":"created","data":{"issue":{"id":"7"}}}""", """{"action":"created","data":{"issue":{"id":"8"}}}""", 0, Always, Always },
        { "a monitor's id without a cycle", "datadog", null, [], """{"id":"1234","transition":"Triggered","title":"t"}""", "", Minutes, Minutes, -1 },
        { "a monitor's id, again in a cycle", "datadog", null, [], """{"id":"1234","monitor":"1234","cycle":"c","transition":"Renotify"}""", "", Minutes, Minutes, -1 },
        { "an id that may be a monitor's, again in a cycle", "datadog", null, [], """{"id":"1234","cycle":"c","transition":"Warn"}""", "", Minutes, Minutes, -1 },
        { "a monitor's id at another time", "datadog", null, [], """{"id":"1234","transition":"Triggered","date":"1759343584000"}""", """{"id":"1234","transition":"Triggered","date":"1759343585000"}""", 0, Always, -1 },
        { "another event in a cycle", "datadog", null, [], """{"id":"1","monitor":"1234","cycle":"c","transition":"Renotify"}""", """{"id":"2","monitor":"1234","cycle":"c","transition":"Renotify"}""", 0, Always, -1 },
        { "a reminder", "grafana", "body", [], """{"status":"firing","alerts":[]}""", "", Minutes, Minutes, -1 },
        { "a reminder", "alertmanager", null, [], """{"status":"firing","alerts":[]}""", "", Minutes, Minutes, -1 },
        { "another workflow", "circleci", null, [], """{"id":"w1","type":"workflow-completed"}""", """{"id":"w2","type":"workflow-completed"}""", 0, Always, -1 },
        { "a build that fails again before its end", "buildkite", null, [], """{"event":"build.failing","build":{"id":"b","state":"failing","finished_at":null}}""", "", 2 * Minutes, 2 * Minutes, -1 },
        { "a build that ends again", "buildkite", null, [], """{"event":"build.finished","build":{"id":"b","state":"failed","finished_at":"2026-03-01 00:00:00 UTC"}}""", """{"event":"build.finished","build":{"id":"b","state":"failed","finished_at":"2026-03-01 00:01:00 UTC"}}""", 0, Always, -1 },
        { "a job made again", "jenkins", null, [], """{"build":{"full_url":"http://j/job/a/1/","phase":"FINALIZED","status":"FAILURE"}}""", "", Minutes, Minutes, -1 },
        { "the same words signed twice", "standard-webhooks", "v1", ["webhook-id: {id}"], """{"type":"a"}""", "", 0, Always, -1 },
        { "another event of a source", "cloudevents", null, [], """{"specversion":"1.0","source":"/a","id":"1","type":"t"}""", """{"specversion":"1.0","source":"/a","id":"2","type":"t"}""", 0, Always, -1 },
        { "one without an id", "cloudevents", null, [], """{"specversion":"1.0","source":"/a","type":"t"}""", "", Minutes, Minutes, -1 },
        { "the same words", "generic", null, [], """{"title":"t"}""", "", Minutes, Minutes, -1 },
    };

    [Theory]
    [MemberData(nameof(Events))]
    public void Two_true_events_enter_and_a_repeat_does_not(
        string name, string kind, string? mode, string[] headers, string first, string second, int between, int resent, int replayed)
    {
        var known = new Known(kind, mode, headers);
        var looseId = Array.Exists(headers, header => header.EndsWith("{id}", StringComparison.Ordinal)) && replayed >= 0;

        Assert.True(known.Enters(first, "id-1", at: 0), name);
        Assert.False(known.Enters(first, "id-1", at: resent - 1), "a resent one entered again");

        known = new Known(kind, mode, headers);
        Assert.True(known.Enters(first, "id-1", at: 0));
        if (looseId)
        {
            Assert.False(known.Enters(first, "id-of-a-replayer", at: replayed - 1), "a replay entered");
        }

        Assert.True(known.Enters(second.Length > 0 ? second : first, "id-2", between), $"{name} was lost");
        Assert.False(known.Enters(second.Length > 0 ? second : first, "id-2", between + resent - 1), "a resent second one entered again");
    }

    [Fact]
    public void Each_sender_is_in_the_table() =>
        Assert.Equal(WebhookSenders.All.Select(sender => sender.Kind).Order(), Events.Select(row => row.Data.Item2).Distinct().Order());

    [Theory]
    [InlineData("repository_dispatch")]
    [InlineData("label")]
    [InlineData("made_up")]
    public void A_captured_event_of_GitHub_is_known_no_shorter_under_the_name_of_another(string name)
    {
        var sample = WebhookSamples.Find("github/check_run.completed.failure");
        var named = sample with { Headers = new Dictionary<string, string>(sample.Headers) { ["X-GitHub-Event"] = name } };

        Assert.Equal(TimeSpan.FromSeconds(Always), named.Read(sample.Body).LastKept);
    }

    [Fact]
    public void Each_real_sample_of_GitHub_tells_itself_from_the_next_one() => Assert.All(
        WebhookSamples.All.Where(sample => sample.Kind == "github"),
        sample => Assert.True(sample.Read(sample.Body).LastKept == TimeSpan.FromSeconds(Always), sample.ToString()));

    [Fact]
    public void The_template_for_Datadog_tells_when_it_happened()
    {
        var setup = string.Join('\n', WebhookSenders.Find("datadog")!.Setup(new SourceSetup { Name = "dd", Url = "https://c/hooks/x" }));

        Assert.Contains("\"date\":\"$DATE\"", setup);
    }

    // What a store does with the keys of a reading.
    private sealed class Known(string kind, string? mode, string[] headers)
    {
        private readonly Dictionary<string, TimeSpan> _keys = [];

        public bool Enters(string body, string id, int at)
        {
            var (sender, settings, bytes) = (WebhookSenders.Find(kind)!, new SourceSettings { Mode = mode }, Encoding.UTF8.GetBytes(body));
            var view = WebhookSamples.View(headers.Select(header => header.Split(": "))
                .Select(pair => KeyValuePair.Create(pair[0], pair[1].Replace("{id}", id, StringComparison.Ordinal))));
            var reading = WebhookSenders.Read(sender, new WebhookDelivery(view, bytes, settings));
            Assert.False(reading.Summary.Name.EndsWith(".unreadable", StringComparison.Ordinal), body);
            var keys = reading.Keys(KeyScope.Of(sender, settings, "ci", "path"), SHA256.HashData(bytes));
            var now = TimeSpan.FromSeconds(at);
            if (keys.Any(key => _keys.TryGetValue(key, out var until) && until > now))
            {
                return false;
            }

            for (var i = 0; i < keys.Count; i++)
            {
                _keys[keys[i]] = now + (i == 0 ? reading.FirstKept : reading.LastKept);
            }

            return true;
        }
    }
}
