using System.Globalization;
using Cluster.Core.Routing;

namespace Cluster.Tests.Routing;

public sealed class RouteQuietTests
{
    [Theory]
    [InlineData("22:00", "07:00", "UTC", "2026-03-01T21:59:59Z", null)]
    [InlineData("22:00", "07:00", "UTC", "2026-03-01T22:00:00Z", "2026-03-02T07:00:00Z")]
    [InlineData("22:00", "07:00", "UTC", "2026-03-01T23:59:59Z", "2026-03-02T07:00:00Z")]
    [InlineData("22:00", "07:00", "UTC", "2026-03-02T00:00:00Z", "2026-03-02T07:00:00Z")]
    [InlineData("22:00", "07:00", "UTC", "2026-03-02T06:59:59Z", "2026-03-02T07:00:00Z")]
    [InlineData("22:00", "07:00", "UTC", "2026-03-02T07:00:00Z", null)]
    [InlineData("12:00", "13:00", "UTC", "2026-03-01T11:59:59Z", null)]
    [InlineData("12:00", "13:00", "UTC", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z")]
    [InlineData("12:00", "13:00", "UTC", "2026-03-01T13:00:00Z", null)]
    [InlineData("00:00", "23:59", "UTC", "2026-03-01T00:00:00Z", "2026-03-01T23:59:00Z")]
    [InlineData("07:00", "06:59", "UTC", "2026-03-01T06:59:30Z", null)]
    [InlineData("07:00", "06:59", "UTC", "2026-03-01T07:00:00Z", "2026-03-02T06:59:00Z")]
    [InlineData("22:00", "07:00", "Europe/Berlin", "2026-01-15T21:00:00Z", "2026-01-16T06:00:00Z")]
    [InlineData("22:00", "07:00", "Europe/Berlin", "2026-07-15T20:00:00Z", "2026-07-16T05:00:00Z")]
    [InlineData("22:00", "07:00", "Asia/Kolkata", "2026-07-15T16:29:59Z", null)]
    [InlineData("22:00", "07:00", "Asia/Kolkata", "2026-07-15T16:30:00Z", "2026-07-16T01:30:00Z")]
    [InlineData("22:00", "07:00", "America/Los_Angeles", "2026-01-16T14:59:59Z", "2026-01-16T15:00:00Z")]
    public void Quiet_hours_begin_and_end_by_the_clock_of_their_place(string from, string to, string zone, string now, string? end) =>
        Assert.Equal(end is null ? null : Time(end), Quiet(from, to, zone).EndOf(Time(now)));

    [Theory]

    // At Berlin 02:00 to 03:00 is not there on 29 March 2026, and twice on 25 October.
    [InlineData("22:00", "07:00", "2026-03-28T21:30:00Z", "2026-03-29T05:00:00Z")]
    [InlineData("22:00", "07:00", "2026-10-24T20:30:00Z", "2026-10-25T06:00:00Z")]
    [InlineData("22:00", "02:30", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z")]
    [InlineData("22:00", "02:30", "2026-03-29T01:00:00Z", null)]
    [InlineData("02:30", "05:00", "2026-03-29T00:59:59Z", null)]
    [InlineData("02:30", "05:00", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z")]
    [InlineData("22:00", "02:30", "2026-10-25T00:15:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("22:00", "02:30", "2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("22:00", "02:30", "2026-10-25T01:29:59Z", "2026-10-25T01:30:00Z")]
    [InlineData("22:00", "02:30", "2026-10-25T01:30:00Z", null)]
    [InlineData("02:30", "05:00", "2026-10-25T00:29:59Z", null)]
    [InlineData("02:30", "05:00", "2026-10-25T00:30:00Z", "2026-10-25T04:00:00Z")]
    public void Quiet_hours_last_while_the_clocks_change(string from, string to, string now, string? end) =>
        Assert.Equal(end is null ? null : Time(end), Quiet(from, to, "Europe/Berlin").EndOf(Time(now)));

    [Fact]
    public void A_node_that_does_not_know_the_zone_tells_at_once() =>
        Assert.Null(Quiet("00:00", "23:59", "Europe/Atlantis").EndOf(Time("2026-03-01T12:00:00Z")));

    private static RouteQuiet Quiet(string from, string to, string zone) => new()
    {
        From = TimeOnly.ParseExact(from, "HH:mm", CultureInfo.InvariantCulture),
        To = TimeOnly.ParseExact(to, "HH:mm", CultureInfo.InvariantCulture),
        Zone = zone,
    };

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
