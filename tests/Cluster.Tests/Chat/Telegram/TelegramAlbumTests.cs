using Cluster.Chat;
using static Cluster.Tests.Chat.Telegram.TelegramRig;

namespace Cluster.Tests.Chat.Telegram;

/// <summary>An album comes as one message, whatever comes when.</summary>
public sealed class TelegramAlbumTests
{
    [Fact]
    public async Task Its_parts_are_one_message_with_their_captions()
    {
        await using var rig = await StartAsync();
        var sent = rig.Telegram.SendAlbum(Ada, Group, 3, "@cluster_bot look");
        rig.Telegram.SendText(Ada, Group, "and now?");

        _ = rig.Receive();
        var album = await rig.HeardLaterAsync();
        var text = await rig.HeardLaterAsync();

        Assert.Equal(("look", true, $"{sent[0]}", 3), (album.Text, album.ForBot, album.MessageId, album.Files.Count));
        Assert.All(album.Files, file => Assert.Equal("photo", file.Kind));
        Assert.Equal(3, album.Files.Select(file => file.Id).Distinct().Count());
        Assert.Equal("and now?", text.Text);
        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
    }

    [Fact]
    public async Task Parts_that_come_with_the_next_answer_belong_to_it()
    {
        await using var rig = await StartAsync();
        var album = rig.Telegram.NewAlbum();
        rig.Telegram.SendPhoto(Ada, Ada, [1], "one", album);

        _ = rig.Receive();
        await Soon(rig.Telegram.NextCallAsync("getUpdates", Ct));
        rig.Telegram.SendPhoto(Ada, Ada, [2], null, album);
        rig.Telegram.SendPhoto(Ada, Ada, [3], "three", album);
        var heard = await rig.HeardLaterAsync();

        Assert.Equal(("one\nthree", 3), (heard.Text, heard.Files.Count));
        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
    }

    [Fact]
    public async Task Nobody_else_waits_for_it_and_itself_waits_a_second_at_the_most()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendAlbum(Ada, Ada, 2);
        rig.Telegram.SendText(Bob, Bob, "quick");
        var began = rig.Clock.GetUtcNow();

        _ = rig.Receive();
        var quick = await rig.HeardAsync<ChatUpdate.Message>();
        var album = rig.Inbox.NextAsync();
        var before = album.IsCompleted;
        while (!album.IsCompleted && rig.Clock.GetUtcNow() - began < TimeSpan.FromSeconds(10))
        {
            rig.Clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(album, Task.Delay(10, Ct));
        }

        Assert.Equal(("quick", false), (quick.Text, before));
        Assert.Equal(2, Assert.IsType<ChatUpdate.Message>(await Soon(album)).Files.Count);
        Assert.InRange(rig.Clock.GetUtcNow() - began, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
    }

    [Fact]
    public async Task Two_people_s_albums_and_two_albums_of_one_stay_apart()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendAlbum(Ada, Group, 2, "a");
        rig.Telegram.SendAlbum(Bob, Group, 2, "b");
        rig.Telegram.SendAlbum(Ada, Group, 3, "c");

        _ = rig.Receive();
        var heard = new[] { await rig.HeardLaterAsync(), await rig.HeardLaterAsync(), await rig.HeardLaterAsync() };

        Assert.Equal([("a", 2), ("b", 2), ("c", 3)], heard.Select(one => (one.Text, one.Files.Count)));
    }

    [Fact]
    public async Task One_that_was_taken_by_a_node_that_died_comes_again_as_it_was_and_later_parts_by_themselves()
    {
        await using var rig = await StartAsync();
        var album = rig.Telegram.NewAlbum();
        rig.Telegram.SendPhoto(Ada, Ada, [1], "first", album);
        rig.Telegram.SendPhoto(Ada, Ada, [2], null, album);
        using var dies = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var taken = new TaskCompletionSource<IReadOnlyList<ChatUpdate>>();
        rig.Inbox.BeforeTake = async updates =>
        {
            taken.TrySetResult(updates);
            await Task.Delay(Timeout.Infinite, dies.Token); // committed, and never told
        };
        var dying = rig.Bot.ReceiveAsync(rig.Inbox, dies.Token);
        await Cli.Clocks.AdvanceUntilAsync(rig.Clock, taken.Task);
        await dies.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(dying));

        rig.Inbox.BeforeTake = _ => Task.CompletedTask;
        rig.Telegram.SendPhoto(Ada, Ada, [3], "late", album);
        _ = rig.Receive();
        var again = await rig.HeardLaterAsync();
        var late = await rig.HeardLaterAsync();

        var before = Assert.IsType<ChatUpdate.Message>(Assert.Single(await taken.Task));
        Assert.Equal((before.Key, before.Text, 2), (again.Key, again.Text, again.Files.Count));
        Assert.Equal(("late", 1), (late.Text, late.Files.Count));
        Assert.NotEqual(before.Key, late.Key);
        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
    }

    [Fact]
    public async Task One_that_could_not_be_taken_comes_again_whole()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendAlbum(Ada, Ada, 4, "all");
        var failures = 2;
        rig.Inbox.BeforeTake = _ => failures-- > 0 ? throw new InvalidOperationException("The engine is away.") : Task.CompletedTask;

        _ = rig.Receive();
        var heard = await rig.HeardLaterAsync();

        Assert.Equal(("all", 4), (heard.Text, heard.Files.Count));
        await Soon(rig.Telegram.AcknowledgedAsync(Ct));
    }

    [Fact]
    public async Task One_that_Telegram_does_not_know_to_be_taken_is_settled_before_Telegram_calls()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendAlbum(Ada, Ada, 3, "look");
        using var dying = new CancellationTokenSource();
        rig.Inbox.BeforeTake = _ => dying.CancelAsync();
        var receiving = rig.Bot.ReceiveAsync(rig.Inbox, dying.Token);
        var taken = await rig.HeardLaterAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(receiving));
        rig.Telegram.SendText(Ada, Ada, "later");

        await rig.Bot.Webhook.SettleAsync(rig.Inbox, Ct);
        var again = await rig.HeardAsync<ChatUpdate.Message>();
        var left = await rig.CallAsync("getUpdates", "{}");
        await rig.Bot.Webhook.SettleAsync(rig.Inbox, Ct);

        Assert.Equal((taken.Key, "look", 3), (again.Key, again.Text, again.Files.Count));
        Assert.Contains("later", left);
        Assert.DoesNotContain("media_group_id", left);
        Assert.Equal(left, await rig.CallAsync("getUpdates", "{}"));
    }
}
