using Cluster.Core.Events;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

public sealed class SqliteKeyLifeTests() : KeyLifeSuite(new SqliteDatabase());

public sealed class PostgresKeyLifeTests() : KeyLifeSuite(new PostgresDatabase());

public abstract class KeyLifeSuite(TestDatabase database) : StoreSuite(database)
{
    [Fact]
    public async Task A_repeat_is_known_for_as_long_as_its_submission_says()
    {
        var reminder = await MessageAsync("memory is low", null, "body:alerts:1") with { KeysKept = TimeSpan.FromMinutes(5) };
        var delivery = await MessageAsync("it broke", null, "delivery:ci:1");

        var first = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(reminder)).EventId;
        Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(delivery));
        Clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.Equal(new AppendOutcome.Duplicate(first), await AppendAsync(reminder with { At = Clock.GetUtcNow() }));
        Clock.Advance(TimeSpan.FromSeconds(1));
        var second = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(reminder with { At = Clock.GetUtcNow() })).EventId;

        Assert.NotEqual(first, second);
        Assert.Equal(new AppendOutcome.Duplicate(second), await AppendAsync(reminder with { At = Clock.GetUtcNow() }));
        Assert.IsType<AppendOutcome.Duplicate>(await AppendAsync(delivery with { At = Clock.GetUtcNow() }));
    }

    [Fact]
    public async Task A_body_may_be_known_for_a_shorter_time_than_the_id_that_it_came_under()
    {
        var dispatch = await MessageAsync("deploy", null, "delivery:ci:1") with
        {
            DedupeKeys = ["delivery:ci:1", "body:ci:1"],
            SecondKeyKept = TimeSpan.FromMinutes(5),
        };
        var another = dispatch with { DedupeKeys = ["delivery:ci:2", "body:ci:1"] };

        var first = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(dispatch)).EventId;
        Assert.Equal(new AppendOutcome.Duplicate(first), await AppendAsync(another));
        Clock.Advance(TimeSpan.FromMinutes(5));
        var second = Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(another with { At = Clock.GetUtcNow() })).EventId;
        Clock.Advance(TimeSpan.FromDays(7));

        Assert.Equal(new AppendOutcome.Duplicate(first), await AppendAsync(dispatch with { At = Clock.GetUtcNow() }));
        Assert.Equal(new AppendOutcome.Duplicate(second), await AppendAsync(another with { At = Clock.GetUtcNow() }));
    }
}
