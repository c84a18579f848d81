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
    [InlineData("grafana/firing", "timestamp", 8 * 24 * 60)]
    [InlineData("sentry/metric_alert.resolved", null, 8 * 24 * 60)]
    public void A_body_that_comes_again_on_purpose_is_known_for_five_minutes_only(string name, string? mode, int minutes)
    {
        var sample = WebhookSamples.Find(name) with { Settings = new SourceSettings { Mode = mode } };

        var reading = sample.Read(sample.Body);

        Assert.Equal(TimeSpan.FromMinutes(minutes), reading.Kept);
        Assert.Equal([DedupeKeys.Body("ci", Hash)], reading.Keys("ci", Hash));
    }

    [Fact]
    public void A_generic_event_is_known_by_its_id_where_the_operator_said_where_that_stands()
    {
        var sample = WebhookSamples.Find("generic/deploy");

        var named = sample.Read(sample.Body);
        var nameless = (sample with { Settings = SourceSettings.None }).Read(sample.Body);
        var missing = (sample with { Settings = new SourceSettings { Id = "/nothing" } }).Read(sample.Body);

        Assert.Equal([DedupeKeys.Delivery("ci", "d-17")], named.Keys("ci", Hash));
        Assert.Equal(DedupeKeys.Kept, named.Kept);
        Assert.All([nameless, missing], reading => Assert.Equal([DedupeKeys.Body("ci", Hash)], reading.Keys("ci", Hash)));
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

        Assert.Equal(2, reading.Keys("ci", Hash).Count);
        Assert.Contains(DedupeKeys.Body("ci", Hash), reading.Keys("ci", Hash));
        Assert.Equal(DedupeKeys.Kept, reading.Kept);
    }

    [Fact]
    public void A_signed_id_counts_alone()
    {
        var gitlab = WebhookSamples.Find("gitlab/push") with { Settings = new SourceSettings { Mode = "signing" } };

        Assert.Equal([DedupeKeys.Delivery("ci", "1")], gitlab.Read(gitlab.Body).Keys("ci", Hash));
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
}
