using Cluster.Next.Server.Nodes;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Next.Server.Tests.Nodes;

public sealed class HealthProbeTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly TaskCompletionSource _answer = new();
    private int _asked;

    [Fact]
    public async Task What_does_not_answer_in_two_seconds_is_degraded_and_is_not_asked_again_before_it_has()
    {
        var probe = Probe();

        var first = probe.CheckHealthAsync(new HealthCheckContext());
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        var early = first.IsCompleted;
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        var second = await probe.CheckHealthAsync(new HealthCheckContext());

        Assert.False(early);
        Assert.Equal((HealthStatus.Degraded, "It is stuck."), ((await first).Status, (await first).Description));
        Assert.Equal(HealthStatus.Degraded, second.Status);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task What_has_not_answered_for_fifteen_seconds_is_unhealthy()
    {
        var probe = Probe();

        for (var second = 0; second < 15; second += 5)
        {
            var check = probe.CheckHealthAsync(new HealthCheckContext());
            _clock.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal(HealthStatus.Degraded, (await check).Status);
        }

        Assert.Equal(HealthStatus.Unhealthy, (await probe.CheckHealthAsync(new HealthCheckContext())).Status);
    }

    [Fact]
    public async Task What_answers_again_is_healthy_again()
    {
        var probe = Probe();
        var first = probe.CheckHealthAsync(new HealthCheckContext());
        _clock.Advance(TimeSpan.FromSeconds(3));
        await first;

        _answer.SetResult();
        var later = await probe.CheckHealthAsync(new HealthCheckContext());

        Assert.Equal(HealthStatus.Healthy, later.Status);
    }

    [Fact]
    public async Task It_is_asked_at_most_once_a_second()
    {
        _answer.SetResult();
        var probe = Probe();

        await probe.CheckHealthAsync(new HealthCheckContext());
        await probe.CheckHealthAsync(new HealthCheckContext());
        _clock.Advance(TimeSpan.FromSeconds(1.1));
        await probe.CheckHealthAsync(new HealthCheckContext());

        Assert.Equal(2, _asked);
    }

    private HealthProbe Probe() => new(
        _ =>
        {
            _asked++;
            return _answer.Task;
        },
        "It is stuck.",
        _clock);
}
