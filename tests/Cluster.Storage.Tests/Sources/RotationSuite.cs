using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Sources;

public sealed class SqliteRotationTests() : RotationSuite(new SqliteDatabase());

public sealed class PostgresRotationTests() : RotationSuite(new PostgresDatabase());

public abstract class RotationSuite(TestDatabase database) : StoreSuite(database)
{
    [Fact]
    public async Task A_rotation_makes_what_was_proved_before_stale_and_its_sessions_know_the_new_mark()
    {
        var path = (await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct))!;
        var webhook = await MessageAsync("from ci", Identity.Source("ci")) with { Kind = EventKind.Webhook };
        var before = (await Sources.FindAsync(path, Ct))!.SecretMark;

        await SourceSecrets.RotateAsync("ci", "the-second-secret", TimeSpan.Zero, AliceCalls, Ct);

        var after = (await Sources.FindAsync(path, Ct))!.SecretMark;
        Assert.NotEqual(before, after);
        Assert.Equal(after, (await Access.FindAsync(Api, Ct))!.PathSecrets[path]);
        Assert.IsType<AppendOutcome.Stale>(await AppendAsync(webhook));
    }
}
