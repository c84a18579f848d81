using Cluster.Core.Access;
using Cluster.Core.Secrets;
using Cluster.Storage.Principals;
using Cluster.Storage.Secrets;
using Cluster.Storage.Sources;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Secrets;

public sealed class SqliteKeyCheckTests() : KeyCheckSuite(new SqliteDatabase());

public sealed class PostgresKeyCheckTests() : KeyCheckSuite(new PostgresDatabase());

public abstract class KeyCheckSuite(TestDatabase database) : StoreSuite(database)
{
    private readonly SecretBox _other = new(new byte[32]);

    private KeyCheck Right => new(Engine, Box);

    private KeyCheck Wrong => new(Engine, _other);

    [Fact]
    public async Task The_first_key_is_the_engines_before_there_is_anything_to_hide()
    {
        var first = await Right.FindUnreadableAsync(Ct);
        var second = await Wrong.FindUnreadableAsync(Ct);
        var again = await Right.FindUnreadableAsync(Ct);

        Assert.Equal((false, true, false), (first.Any, second.Any, again.Any));
    }

    [Fact]
    public async Task Of_two_keys_at_the_same_time_one_is_refused()
    {
        var found = await Task.WhenAll(Right.FindUnreadableAsync(Ct), Wrong.FindUnreadableAsync(Ct));

        Assert.Single(found, unreadable => unreadable.Any);
    }

    [Fact]
    public async Task A_wrong_key_on_secrets_of_an_earlier_version_is_refused_and_leaves_no_trace()
    {
        await AddSourceAsync("ci", Box);

        var wrong = await Wrong.FindUnreadableAsync(Ct);
        var right = await Right.FindUnreadableAsync(Ct);

        Assert.Equal(["ci"], wrong.Sources);
        Assert.False(right.Any);
    }

    [Fact]
    public async Task Only_what_cannot_be_read_is_forgotten()
    {
        await Right.FindUnreadableAsync(Ct);
        await AddSourceAsync("lost", Box);
        await AddSourceAsync("kept", _other);
        await new DataKeyStore(Engine, Box).AddAsync("lost", "<key/>", Ct);
        await new DataKeyStore(Engine, _other).AddAsync("kept", "<key id='kept'/>", Ct);
        var version = await VersionAsync();

        var forgotten = await Wrong.ForgetAsync(Ct);

        Assert.Equal(["lost"], forgotten.Sources);
        Assert.Equal("kept", Assert.Single(await Sources.ListAsync(AliceCalls, Ct)).Name);
        Assert.Contains("<key id='kept'/>", await new DataKeyStore(Engine, _other).ListAsync(Ct));
        Assert.False((await Access.FindAsync(Api, Ct))!.May(Identity.Source("lost"), Act.Talk));
        Assert.True(await VersionAsync() > version); // what the lost source had decided is stale
        Assert.Equal("lost", Assert.Single(await AuditedAsync("source.forget")).Subject);
        Assert.Equal((false, true), ((await Wrong.FindUnreadableAsync(Ct)).Any, (await Right.FindUnreadableAsync(Ct)).Any));
    }

    private async Task AddSourceAsync(string name, SecretBox box) =>
        Assert.NotNull(await new SourceStore(Engine, box).AddAsync(Wish(name, Api), AliceCalls, Ct));
}
