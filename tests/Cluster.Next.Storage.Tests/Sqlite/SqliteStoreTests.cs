using Cluster.Core.Logs;
using Cluster.Core.Secrets;
using Cluster.Next.Storage.Starting;

namespace Cluster.Next.Storage.Tests.Sqlite;

/// <summary>What an operator meets when a data folder is not as it should be, and what stands in it.</summary>
public sealed class SqliteStoreTests : IAsyncDisposable
{
    private readonly SqliteTestStore _place = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _place.DisposeAsync();

    [Fact]
    public async Task A_second_node_on_the_same_folder_is_refused_and_the_first_goes_on()
    {
        await using var first = await _place.OpenAsync();

        Assert.Contains($"{_place.Folder} is in use by another node", await RefusalAsync());

        await first.Logs.TimeAsync(Ct);
        await first.DisposeAsync();
        await (await _place.OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task The_folder_and_its_files_are_their_owners_only_also_those_of_before()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no such modes.");
        await (await _place.OpenAsync()).DisposeAsync();
        foreach (var path in Directory.GetFiles(_place.Folder).Prepend(_place.Folder))
        {
            Open(path);
        }

        await using var stores = await _place.OpenAsync();
        await stores.Blobs.PutBlobAsync("k", new byte[] { 1 }, Ct);

        var files = Directory.GetFiles(_place.Folder);
        Assert.Equal(4, files.Length); // the lock, the database, its log and the index of that
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, Mode(_place.Folder));
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, Mode(file)));
    }

    [Fact]
    public async Task A_new_folder_is_its_owners_only()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no such modes.");
        var folder = Path.Combine(_place.Folder, "a", "b");

        await using var stores = await OpenAsync(folder);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, Mode(folder));
        Assert.All(Directory.GetFiles(folder), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, Mode(file)));
        Assert.Contains(folder, stores.Description);
    }

    [Fact]
    public async Task What_was_appended_is_there_after_a_restart()
    {
        var log = new LogId("session", "alice/api");
        await using (var stores = await _place.OpenAsync())
        {
            await stores.Logs.AppendAsync([new LogAppend { Log = log, Expected = 0, Claim = 1, Records = [new NewRecord("claim", 1, default)] }], Ct);
        }

        await using var again = await _place.OpenAsync();

        Assert.Single((await again.Logs.OpenAsync(log, Ct)).Records);
        var header = new byte[EngineFile.HeaderLength];
        await using var file = new FileStream(_place.File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        await file.ReadExactlyAsync(header, Ct);
        Assert.True(EngineFile.Begins(header));
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused_and_one_that_only_adds_is_not()
    {
        await (await _place.OpenAsync()).DisposeAsync();
        await _place.ExecuteAsync("INSERT INTO log_meta (name, value) VALUES ('migration/0098_more.additive', ''), ('migration/0099_later', '')");

        Assert.Contains("newer version of Channel Cluster (migration/0099_later is unknown here)", await RefusalAsync());

        await _place.ExecuteAsync("DELETE FROM log_meta WHERE name = 'migration/0099_later'");
        await (await _place.OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_alone()
    {
        var text = string.Concat(Enumerable.Repeat("This is a text, not a database. ", 500));
        await File.WriteAllTextAsync(_place.File, text, Ct);

        Assert.Contains("is damaged or not a database", await RefusalAsync());

        Assert.Equal(text, await File.ReadAllTextAsync(_place.File, Ct));
        File.Delete(_place.File);
        await (await _place.OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_folder_that_cannot_be_one_is_refused()
    {
        var path = Path.Combine(_place.Folder, "file");
        await File.WriteAllTextAsync(path, "", Ct);

        var refusal = await Assert.ThrowsAsync<StoreUnusableException>(() => OpenAsync(path));

        Assert.Contains($"The data folder {path} cannot be written", refusal.Message);
        Assert.Contains("--Cluster:Data", refusal.Message);
    }

    private static UnixFileMode Mode(string path) =>
        OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);

    private static void Open(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)0b111_111_101);
        }
    }

    private static Task<LogStores> OpenAsync(string folder) => LogStores.OpenAsync(
        new StoreOptions { Data = folder }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, Ct);

    private async Task<string> RefusalAsync() => (await Assert.ThrowsAsync<StoreUnusableException>(_place.OpenAsync)).Message;
}
