using Cluster.Storage.Chats;
using Cluster.Storage.Leases;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Chats;

public sealed class SqliteBotTests() : BotSuite(new SqliteDatabase());

public sealed class PostgresBotTests() : BotSuite(new PostgresDatabase());

public abstract class BotSuite(TestDatabase database) : StoreSuite(database)
{
    private BotStore Bots => new(Engine, new LeaseStore(Engine), Box);

    [Fact]
    public async Task How_a_bot_hears_is_chosen_when_it_is_added_and_changed_later()
    {
        await AddAsync("asks", "1", webhook: false);
        await AddAsync("is-told", "2", webhook: true);

        Assert.Equal([("asks", false), ("is-told", true)], await ModesAsync());
        Assert.True(await Bots.SetModeAsync("asks", webhook: true, AliceCalls, Ct));
        Assert.True(await Bots.SetModeAsync("is-told", webhook: false, AliceCalls, Ct));
        Assert.False(await Bots.SetModeAsync("nobody", webhook: true, AliceCalls, Ct));
        Assert.Equal([("asks", true), ("is-told", false)], await ModesAsync());
        Assert.Equal([("asks", true), ("is-told", false)], (await Bots.ListAsync(Ct)).Select(bot => (bot.Name, bot.Webhook)));
        Assert.Equal(["webhook", "poll"], (await AuditedAsync("bot.mode")).Select(row => row.Detail).Reverse());
    }

    private async Task AddAsync(string name, string account, bool webhook) => Assert.True(await Bots.AddAsync(
        name, "telegram", new Uri("https://api.example"), $"{account}:token", (account, name, null), webhook, AliceCalls, Ct));

    private async Task<List<(string, bool)>> ModesAsync() => [.. (await Bots.RunnableAsync(Ct)).Select(bot => (bot.Name, bot.Webhook))];
}
