using System.Text;
using System.Text.Json;
using Cluster.Core.Webhooks.GitHub;

namespace Cluster.Tests.Webhooks.GitHub;

public sealed class HookDeliveryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_delivery_failed_when_no_attempt_succeeded_and_its_latest_attempt_is_repeated()
    {
        HookDelivery[] attempts =
        [
            new(5, "b", Noon.AddMinutes(5), false),
            new(4, "a", Noon.AddMinutes(4), true),
            new(3, "c", Noon.AddMinutes(3), false),
            new(2, "b", Noon.AddMinutes(2), false),
            new(1, "a", Noon.AddMinutes(1), false),
        ];

        Assert.Equal([5, 3], HookDelivery.Failed(attempts).Select(attempt => attempt.Id));
        Assert.Equal([1, 2], HookDelivery.Failed([new(2, "b", Noon, false), new(1, "a", Noon, false)]).Select(attempt => attempt.Id)); // at the same moment
    }

    [Fact]
    public void A_list_is_read_and_what_is_no_attempt_left_out()
    {
        var read = HookDelivery.ReadList(Encoding.UTF8.GetBytes("""
            [{"id":12345678,"guid":"0b989ba4-242f-11e5-81e1-c7b6966d2516","delivered_at":"2026-03-01T12:00:00Z","redelivery":false,"duration":0.27,"status":"OK","status_code":200,"event":"issues","action":"opened"},
             {"id":2,"guid":"not a guid; ../..","delivered_at":"2026-03-01T12:00:00Z","status_code":500},{"id":-1},7,null,
             {"id":3,"guid":"a-b","delivered_at":"2026-03-01T12:00:00.123Z","status_code":502}]
            """));

        Assert.Equal([(12345678, true), (3, false)], read.Select(attempt => (attempt.Id, attempt.Ok)));
        Assert.Equal(Noon, read[0].At);
        Assert.ThrowsAny<JsonException>(() => HookDelivery.ReadList("{}"u8.ToArray()));
    }

    [Theory]
    [InlineData("<https://api.github.com/repos/a/b/hooks/1/deliveries?per_page=100&cursor=v1_17323292984>; rel=\"next\"", "v1_17323292984")]
    [InlineData("<https://api.github.com/x?cursor=v1_1&per_page=100>; rel=\"next\", <https://api.github.com/x>; rel=\"first\"", "v1_1")]
    [InlineData("<https://api.github.com/x?cursor=v1_1>; rel=\"prev\"", null)]
    [InlineData("<https://evil.example.com/?cursor=a/../b>; rel=\"next\"", null)]
    [InlineData(null, null)]
    public void Only_the_cursor_of_the_next_page_is_taken(string? link, string? expected) => Assert.Equal(expected, HookDelivery.NextCursor(link));

    [Fact]
    public void A_hook_is_found_by_the_end_of_its_address()
    {
        var hooks = Encoding.UTF8.GetBytes("""[{"id":1,"config":{"url":"https://a/hooks/other"}},{"id":2,"config":{}},{"id":3,"config":{"url":"https://b/hooks/path"}}]""");

        Assert.Equal(3, HookDelivery.FindHook(hooks, "path"));
        Assert.Null(HookDelivery.FindHook(hooks, "nothing"));
    }
}
