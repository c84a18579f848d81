using System.Text.Json.Nodes;
using Cluster.Core.Events;
using Cluster.Core.Webhooks;
using Cluster.Testing;
using Cluster.Tests.Webhooks.GitHub;

namespace Cluster.Tests.Webhooks;

/// <summary>By what a repeat is known, and for how long.</summary>
public sealed class RepeatTests
{
    private static readonly byte[] Hash = new byte[32];

    [Theory]
    [InlineData("alertmanager/firing", null, 5)]
    [InlineData("grafana/firing", "body", 5)]
    [InlineData("buildkite/ping", null, 10)]
    [InlineData("grafana/firing", "timestamp", 8 * 24 * 60)]
    [InlineData("sentry/metric_alert.resolved", null, 8 * 24 * 60)]
    public void A_body_that_comes_again_on_purpose_is_known_for_minutes_only(string name, string? mode, int minutes)
    {
        var sample = WebhookSamples.Find(name) with { Settings = new SourceSettings { Mode = mode } };

        var reading = sample.Read(sample.Body);

        Assert.Equal(TimeSpan.FromMinutes(minutes), reading.Kept);
        var scope = Scope(sample);
        Assert.Equal([DedupeKeys.Body(scope.Bodies, Hash)], reading.Keys(scope, Hash));
    }

    [Theory]
    [InlineData("buildkite/ping", null, true)]
    [InlineData("grafana/firing", "timestamp", false)] // the same alerts on purpose, hours later
    public void A_body_that_is_signed_again_with_another_time_is_the_same_where_its_sender_signs_each_attempt_anew(string name, string? mode, bool same)
    {
        var sample = WebhookSamples.Find(name) with { Settings = new SourceSettings { Mode = mode } };
        var scheme = sample.Sender.Scheme(sample.Settings);
        var secret = scheme.NewSecret();
        var at = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        Assert.Equal(same, HashAt(at).SequenceEqual(HashAt(at.AddSeconds(1))));

        byte[] HashAt(DateTimeOffset time)
        {
            var signed = scheme.Sign(secret, "id", time, sample.Body);
            using var proof = scheme.Begin(new WebhookHeaders(header => signed.TryGetValue(header, out var value) ? [value] : []), [scheme.Key(secret)!], time)!;
            proof.Append(sample.Body);
            return proof.Finish()!.Value.Hash;
        }
    }

    [Fact]
    public void A_generic_event_is_known_by_its_id_where_the_operator_said_where_that_stands()
    {
        var sample = WebhookSamples.Find("generic/deploy");

        var named = sample.Read(sample.Body);
        var nameless = (sample with { Settings = SourceSettings.None }).Read(sample.Body);
        var missing = (sample with { Settings = new SourceSettings { Id = "/nothing" } }).Read(sample.Body);

        Assert.Equal([DedupeKeys.Delivery("path", "d-17")], named.Keys(Scope(sample), Hash));
        Assert.Equal(DedupeKeys.Kept, named.Kept);
        Assert.All([nameless, missing], reading => Assert.Equal([DedupeKeys.Body("path", Hash)], reading.Keys(Scope(sample), Hash)));
        Assert.All([nameless, missing], reading => Assert.Equal(TimeSpan.FromMinutes(5), reading.Kept));
    }

    [Theory]
    [InlineData("github/ping")]
    [InlineData("gitlab/push")]
    [InlineData("bitbucket/repo.push")]
    [InlineData("sentry/event_alert.triggered")]
    public void Where_the_id_is_not_signed_the_body_counts_as_well(string name)
    {
        var sample = WebhookSamples.Find(name);

        var reading = sample.Read(sample.Body);

        var scope = Scope(sample);
        Assert.Equal(2, reading.Keys(scope, Hash).Count);
        Assert.Contains(DedupeKeys.Body(scope.Bodies, Hash), reading.Keys(scope, Hash));
        Assert.Equal(DedupeKeys.Kept, reading.Kept);
    }

    [Fact]
    public void A_signed_id_counts_alone()
    {
        var gitlab = WebhookSamples.Find("gitlab/push") with { Settings = new SourceSettings { Mode = "signing" } };

        Assert.Equal([DedupeKeys.Delivery("path", "1")], gitlab.Read(gitlab.Body).Keys(Scope(gitlab), Hash));
    }

    [Theory]
    [InlineData("github/ping", null)]
    [InlineData("bitbucket/repo.push", null)]
    [InlineData("sentry/event_alert.triggered", null)]
    [InlineData("pagerduty/incident.triggered", null)]
    [InlineData("circleci/workflow-completed", null)]
    [InlineData("grafana/firing", "body")]
    public void A_bare_signature_of_a_body_is_known_to_an_older_node_which_would_take_it_for_one_of_GitHub(string name, string? mode)
    {
        var sample = WebhookSamples.Find(name) with { Settings = new SourceSettings { Mode = mode } };

        Assert.Contains(DedupeKeys.Body("ci", Hash), sample.Read(sample.Body).Keys(Scope(sample), Hash));
    }

    [Theory]
    [InlineData("generic/deploy")]
    [InlineData("datadog/event.default_payload.triggered")]
    [InlineData("alertmanager/firing")]
    [InlineData("grafana/firing")]
    [InlineData("gitlab/push")]
    [InlineData("jenkins/notification.finalized.failure")]
    [InlineData("cloudevents/structured")]
    [InlineData("standard-webhooks/contact.created")]
    public void Keys_are_those_of_the_path_so_that_another_source_of_the_name_starts_anew(string name)
    {
        var sample = WebhookSamples.Find(name);
        var reading = sample.Read(sample.Body);

        var before = reading.Keys(KeyScope.Of(sample.Sender, sample.Settings, "ci", "path"), Hash);
        var after = reading.Keys(KeyScope.Of(sample.Sender, sample.Settings, "ci", "other path"), Hash);

        Assert.Empty(before.Intersect(after));
    }

    [Theory]
    [InlineData("build.queue_id", 23)]
    [InlineData("build.timestamp", "2026-03-01T06:01:35.1+00:00")]
    public void A_build_of_a_job_that_was_made_again_is_another_one(string path, object value)
    {
        var sample = WebhookSamples.Find("jenkins/notification.finalized.failure");
        var json = JsonNode.Parse(sample.Body)!.AsObject().With(path, value is int number ? JsonValue.Create(number) : JsonValue.Create((string)value));

        var reading = sample.Read(sample.Body);

        Assert.NotEqual(reading.Id, sample.Read(Samples.Bytes(json)).Id);
        Assert.Equal(TimeSpan.FromMinutes(5), reading.Kept);
    }

    [Theory]
    [InlineData("datadog", 5)]
    [InlineData("jenkins", 5)]
    [InlineData("generic", 5)]
    [InlineData("github", 8 * 24 * 60)]
    [InlineData("pagerduty", 8 * 24 * 60)]
    public void What_is_told_although_it_cannot_be_read_is_known_for_five_minutes_only(string kind, int minutes)
    {
        var reading = WebhookSamples.All.First(sample => sample.Kind == kind).Read("{"u8.ToArray());

        Assert.Equal(($"{kind}.unreadable", TimeSpan.FromMinutes(minutes)), (reading.Summary.Name, reading.Kept));
    }

    [Theory]
    [InlineData("gitlab/push", "Idempotency-Key", null)]
    [InlineData("bitbucket/repo.push", "X-Request-UUID", null)]
    [InlineData("bitbucket/repo.push", "X-Request-UUID", "r-1")]
    public void An_empty_id_is_none(string name, string header, string? other)
    {
        var sample = WebhookSamples.Find(name);
        var headers = new Dictionary<string, string>(sample.Headers) { [header] = "" };
        if (other is not null)
        {
            headers["X-Request-Id"] = other;
        }

        Assert.Equal(other, (sample with { Headers = headers }).Read(sample.Body).Id);
    }

    [Fact]
    public void A_change_that_is_no_object_is_none()
    {
        var sample = WebhookSamples.Find("bitbucket/repo.push");

        var summary = sample.Read("""{"push":{"changes":[1,null,"x",[]]}}"""u8.ToArray()).Summary;

        Assert.Equal(("bitbucket.repo.push", "deleted"), (summary.Name, summary.FilterReason));
    }

    [Fact]
    public void A_batch_of_cloud_events_is_refused_rather_than_read_in_part()
    {
        var reading = WebhookSamples.Find("cloudevents/structured").Read("""[{"id":"1","source":"/a"},{"id":"2","source":"/a"}]"""u8.ToArray());

        Assert.Contains("one by one", reading.Refused);
    }

    [Theory]
    [InlineData("jenkins/notification.finalized.failure", "build.phase", "COMPLETED")]
    [InlineData("jenkins/notification.finalized.failure", "build.status", "UNSTABLE")]
    [InlineData("datadog/event.default_payload.query_alert_monitor", "transition", "Recovered")]
    [InlineData("sentry/event_alert.triggered", "action", "resolved")]
    [InlineData("cloudevents/structured", "source", "/othercontext")]
    public void Another_state_of_the_same_thing_is_another_event(string name, string path, string value)
    {
        var sample = WebhookSamples.Find(name);
        var json = JsonNode.Parse(sample.Body)!.AsObject();

        var first = sample.Read(sample.Body).Id;

        Assert.NotNull(first);
        Assert.NotEqual(first, sample.Read(Samples.Bytes(json.With(path, value))).Id);
    }

    private static KeyScope Scope(WebhookSample sample) => KeyScope.Of(sample.Sender, sample.Settings, "ci", "path");
}
