using System.Text;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Cluster.Storage.Sources;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Storage.Tests.Engines;

/// <summary>What an operator meets when a data folder is not as it should be, and what stands in its file.</summary>
public sealed class SqliteEngineTests : IAsyncDisposable
{
    private readonly SqliteDatabase _database = new();
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_folder_that_is_not_there_is_made()
    {
        var folder = Path.Combine(_database.Folder, "a", "b");

        await using var engine = await SqliteEngine.OpenAsync(folder, _clock, Ct);

        Assert.True(File.Exists(Path.Combine(folder, "cluster.db")));
        Assert.Contains(folder, engine.Description);
    }

    [Fact]
    public async Task A_commit_reaches_the_disk_before_it_counts()
    {
        await using var engine = await _database.OpenAsync(_clock);

        var writer = await engine.TurnAsync(async turn => (await PragmaAsync(turn.Db, "journal_mode"), await PragmaAsync(turn.Db, "synchronous")), Ct);

        Assert.Equal(("wal", "2"), writer);
    }

    [Fact]
    public async Task Its_file_can_be_told_from_others_also_one_of_an_earlier_version()
    {
        await CreateAsync();
        Change("PRAGMA application_id = 0");

        await using var engine = await _database.OpenAsync(_clock);
        var header = new byte[EngineFile.HeaderLength];
        await using (var file = new FileStream(Path.Combine(_database.Folder, "cluster.db"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            await file.ReadExactlyAsync(header, Ct);
        }

        Assert.True(EngineFile.Begins(header));
        Assert.False(EngineFile.Begins(header.AsSpan(0, 71)));
    }

    [Fact]
    public async Task A_database_from_a_newer_version_is_refused_and_left_alone()
    {
        await CreateAsync();
        Change("INSERT INTO migration (name, applied_at) VALUES ('0099_later', 0)");

        var refusal = await RefusedAsync();

        Assert.Contains("newer version of Channel Cluster (migration 0099_later is unknown here)", refusal.Message);
        Assert.Contains(_database.Folder, refusal.Message);
        Change("DELETE FROM migration WHERE name = '0099_later'");
        await CreateAsync();
    }

    [Fact]
    public async Task A_migration_is_applied_once()
    {
        await CreateAsync();
        await CreateAsync();

        await using var engine = await _database.OpenAsync(_clock);
        var applied = await engine.ReadAsync(db => db.RowsAsync("SELECT name FROM migration ORDER BY name", r => r.GetString(0)), Ct);

        Assert.Equal(applied.Distinct(), applied);
        Assert.Equal("0001_first", applied[0]);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_alone()
    {
        var text = string.Concat(Enumerable.Repeat("This is a text, not a database. ", 500));
        await File.WriteAllTextAsync(_database.File, text, Ct);

        var refusal = await RefusedAsync();

        Assert.Contains("is damaged or not a database", refusal.Message);
        Assert.Contains("Restore the data folder from a backup", refusal.Message);
        Assert.Equal(text, await File.ReadAllTextAsync(_database.File, Ct));
    }

    [Fact]
    public async Task A_damaged_database_is_refused_before_it_does_harm()
    {
        await CreateAsync();
        var bytes = await File.ReadAllBytesAsync(_database.File, Ct);
        Array.Fill(bytes, (byte)0xA5, 4096, bytes.Length - 4096);
        await File.WriteAllBytesAsync(_database.File, bytes, Ct);

        Assert.Contains("is damaged", (await RefusedAsync()).Message);
    }

    [Fact]
    public async Task A_truncated_database_is_refused()
    {
        await CreateAsync();
        await using (var file = File.OpenWrite(_database.File))
        {
            file.SetLength(file.Length / 2);
        }

        Assert.Contains("is damaged", (await RefusedAsync()).Message);
    }

    // Permission bits do not bind root, which may run these tests. A file whose header names a later write format is read-only to
    // anybody, and answers as a read-only file does.
    [Fact]
    public async Task A_read_only_database_is_refused()
    {
        await CreateAsync();
        await using (var file = File.OpenWrite(_database.File))
        {
            file.Position = 18;
            file.WriteByte(3);
        }

        var refusal = await RefusedAsync();

        Assert.Contains("is read-only", refusal.Message);
        Assert.Contains(_database.File, refusal.Message);
    }

    [Fact]
    public async Task A_folder_that_is_a_file_is_refused()
    {
        var path = Path.Combine(_database.Folder, "file");
        await File.WriteAllTextAsync(path, "", Ct);

        var refusal = await Assert.ThrowsAsync<EngineUnusableException>(() => SqliteEngine.OpenAsync(path, _clock, Ct));

        Assert.Contains($"The data folder {path} cannot be written", refusal.Message);
        Assert.Contains("--Cluster:Data", refusal.Message);
    }

    [Fact]
    public async Task A_folder_whose_lock_cannot_be_written_is_refused()
    {
        Directory.CreateDirectory(Path.Combine(_database.Folder, "node.lock"));

        Assert.Contains("cannot be written", (await RefusedAsync()).Message);
    }

    [Fact]
    public async Task A_database_that_cannot_be_opened_is_refused()
    {
        Directory.CreateDirectory(_database.File);

        Assert.Contains("cannot be opened", (await RefusedAsync()).Message);
    }

    [Fact]
    public async Task A_second_node_on_the_same_folder_is_refused_and_the_first_goes_on()
    {
        await using var first = await _database.OpenAsync(_clock);

        var refusal = await RefusedAsync();

        Assert.Contains("is in use by another node", refusal.Message);
        await first.ProbeAsync(Ct);
    }

    [Fact]
    public async Task A_refused_start_leaves_the_folder_free()
    {
        await File.WriteAllTextAsync(_database.File, "no database, no database, no database", Ct);
        await RefusedAsync();
        File.Delete(_database.File);

        await CreateAsync();
    }

    [Fact]
    public async Task A_turn_that_fails_leaves_nothing_behind_and_the_next_one_works()
    {
        await using var engine = await _database.OpenAsync(_clock);
        using var watcher = engine.Wakeups.WatchEverything();

        await Assert.ThrowsAsync<TimeZoneNotFoundException>(() => engine.TurnAsync<bool>(
            async turn =>
            {
                await turn.AuditAsync("me", "half", "done");
                turn.Wake("alice/api");
                throw new TimeZoneNotFoundException();
            },
            Ct));

        Assert.Equal(0, await engine.ReadAsync(db => db.NumberAsync("SELECT COUNT(*) FROM audit"), Ct));
        Assert.Empty(watcher.TakeTopics()!);
        await engine.ProbeAsync(Ct);
    }

    [Fact]
    public async Task Ids_are_never_given_twice()
    {
        await using var engine = await _database.OpenAsync(_clock);

        var ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => engine.TurnAsync(turn => turn.TakeIdAsync(), Ct))));

        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), ids.Order());
    }

    [Fact]
    public async Task No_secret_stands_in_the_file_in_clear()
    {
        var engine = await _database.OpenAsync(_clock);
        var box = new SecretBox(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());
        var principals = new PrincipalStore(engine);
        var canaries = new List<string>();

        var admin = (await principals.EnsureAdminAsync("alice", Ct))!;
        var alice = (await principals.AuthenticateAsync(admin, page: false, Ct))!;
        var (invitation, _) = await principals.InviteAsync("bob", alice, Ct);
        var (waiting, _) = await principals.InviteAsync("carol", alice, Ct);
        var token = (await principals.RedeemAsync(invitation, "laptop", Ct))!.Token;
        var (spent, _) = await principals.NewPageCodeAsync(alice, Ct);
        var (unspent, _) = await principals.NewPageCodeAsync(alice, Ct);
        var login = (await principals.SpendPageCodeAsync(spent, Ct))!.Value.Token;
        await new SessionStore(engine).EnsureAsync(new SessionId("alice", "api"), "test", Ct);
        var wish = StoreSuite.Wish("ci", new SessionId("alice", "api"));
        var secret = wish.Secret;
        await new SourceStore(engine, box).AddAsync(wish, alice, Ct);
        await new DataKeyStore(engine, box).AddAsync("key-1", "<masterKey>data-protection-canary</masterKey>", Ct);
        canaries.AddRange([admin, invitation, waiting, token, spent, unspent, login, secret, "data-protection-canary"]);

        var alive = RawBytes();
        await engine.DisposeAsync();

        Assert.All(canaries, canary => Assert.False(Contains(alive, canary), "a secret stands in the file of a running node"));
        Assert.All(canaries, canary => Assert.False(Contains(RawBytes(), canary), "a secret stands in the file"));
        Assert.True(Contains(alive, "console:bob"), "the search itself finds what is there");
    }

    [Fact]
    public async Task A_copy_is_whole_while_turns_go_on_and_no_turn_waits_for_it()
    {
        await using var engine = await _database.OpenAsync(_clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var committed = 0;
        var turns = Task.Run(
            async () =>
            {
                while (!ending.IsCancellationRequested)
                {
                    await engine.TurnAsync(
                        async turn =>
                        {
                            await turn.AuditAsync("me", "first half", new string('x', 2_000));
                            await turn.AuditAsync("me", "second half", new string('x', 2_000));
                            return true;
                        },
                        Ct);
                    committed++;
                }
            },
            Ct);
        while (committed < 200)
        {
            await Task.Yield();
        }

        var before = committed;
        var file = Path.Combine(_database.Folder, "copy.db");
        await using (var copy = Assert.IsType<EngineCopy.Taken>(await engine.CopyAsync(Ct)).File)
        {
            await using var kept = File.Create(file);
            await copy.CopyToAsync(kept, Ct);
        }

        var after = committed;
        await ending.CancelAsync();
        await turns;

        Assert.Equal(["ok"], Rows(file, "PRAGMA integrity_check"));
        var halves = Rows(file, "SELECT COUNT(*) FROM audit GROUP BY action ORDER BY action").ConvertAll(int.Parse);
        Assert.Equal(halves[0], halves[1]);
        Assert.InRange(halves[0], before, after + 1);
        Assert.True(after > before, "turns went on meanwhile");
    }

    [Fact]
    public async Task A_copy_is_its_owners_only_has_nothing_that_was_deleted_and_vanishes()
    {
        await using var engine = await _database.OpenAsync(_clock);
        await engine.TurnAsync(async turn => { await turn.AuditAsync("me", "deleted-canary", ""); await turn.AuditAsync("me", "kept-canary", ""); return true; }, Ct);
        await engine.TurnAsync(turn => turn.Db.ExecuteAsync("DELETE FROM audit WHERE action = 'deleted-canary'"), Ct);

        var bytes = new MemoryStream();
        await using (var copy = Assert.IsType<EngineCopy.Taken>(await engine.CopyAsync(Ct)).File)
        {
            var file = Assert.Single(Directory.GetFiles(_database.Folder, "*.copying"));
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
            await copy.CopyToAsync(bytes, Ct);
        }

        Assert.True(EngineFile.Begins(bytes.ToArray()));
        Assert.True(Contains(bytes.ToArray(), "kept-canary"));
        Assert.False(Contains(bytes.ToArray(), "deleted-canary"));
        Assert.Empty(Directory.GetFiles(_database.Folder, "*.copying*"));
    }

    [Fact]
    public async Task What_a_node_that_died_left_of_a_copy_is_removed_at_the_start()
    {
        await File.WriteAllTextAsync($"{_database.File}.0123.copying", "half a copy", Ct);

        await using var engine = await _database.OpenAsync(_clock);

        Assert.Empty(Directory.GetFiles(_database.Folder, "*.copying"));
    }

    private static List<string> Rows(string file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private byte[] RawBytes()
    {
        var all = new MemoryStream();
        foreach (var path in Directory.GetFiles(_database.Folder, "cluster.db*"))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            file.CopyTo(all);
        }

        return all.ToArray();
    }

    private static bool Contains(byte[] bytes, string canary) =>
        bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(canary)) >= 0 || bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes(canary)) >= 0;

    private static async Task<string> PragmaAsync(EngineConnection db, string name) =>
        (await db.RowsAsync($"PRAGMA {name}", r => r.GetValue(0).ToString()!))[0];

    private Task<EngineUnusableException> RefusedAsync() => Assert.ThrowsAsync<EngineUnusableException>(() => _database.OpenAsync(_clock));

    private async Task CreateAsync() => await (await _database.OpenAsync(_clock)).DisposeAsync();

    private void Change(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_database.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
