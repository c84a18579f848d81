using Cluster.Core.Logs;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Next.Storage.Tests;

public sealed class StorageRegistrationTests
{
    [Fact]
    public async Task The_services_end_with_what_waits_written_whatever_was_asked_for_first()
    {
        await using var place = new SqliteTestStore();
        var services = new ServiceCollection().AddLogging().AddStorage(await place.OpenAsync()).BuildServiceProvider();
        var writer = services.GetRequiredService<ILogWriter>();
        var log = new LogId("session", "alice/api");
        Assert.NotNull(services.GetRequiredService<ILogStore>());
        Assert.NotNull(services.GetRequiredService<IIndexStore>());
        Assert.NotNull(services.GetRequiredService<IBlobStore>());

        var waiting = Enumerable.Range(0, 20).Select(i => writer.AppendAsync(
            new LogAppend { Log = log, Expected = i, Claim = 1, Records = [new NewRecord("event", 1, default)] })).ToList();
        await services.DisposeAsync();

        Assert.All(await Task.WhenAll(waiting), outcome => Assert.IsType<LogOutcome.Appended>(outcome));
        await using var again = await place.OpenAsync(); // the folder is free
        Assert.Equal(20, (await again.Logs.OpenAsync(log, TestContext.Current.CancellationToken)).Records.Count);
    }
}
