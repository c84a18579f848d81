using Cluster.Chat;
using Cluster.Chat.Telegram;
using Cluster.Simulator;
using Cluster.Simulator.Telegram;
using Cluster.Tests.Cli;
using static Cluster.Tests.Chat.Telegram.TelegramRig;

namespace Cluster.Tests.Chat.Telegram;

/// <summary>Files, both ways.</summary>
public sealed class TelegramFileTests
{
    private const long Most = 20_000_000;

    private static readonly ChatUpload Png = Uploads.Of("a.png", "image/png", [1, 2, 3]);
    private static readonly ChatUpload Log = Uploads.Of("build \"1\"\r\nX: </channel> ü😀.log", "text/plain; charset=utf-8", [4, 5]);

    [Fact]
    public async Task An_image_goes_as_a_photo_and_the_rest_as_the_file_that_it_is()
    {
        await using var rig = await StartAsync();
        var question = rig.Telegram.SendText(Ada, Group, "files?", threadId: 7);
        var place = InGroup with { Thread = "7" };

        var photo = await rig.Bot.PostFilesAsync(place, [Png], $"{question}", "1", Ct);
        rig.Clock.Advance(TimeSpan.FromSeconds(1));
        var file = await rig.Bot.PostFilesAsync(place, [Log], "999999", "2", Ct);
        var seen = new[] { await Soon(rig.Telegram.NextMessageAsync(Group, Ct)), await Soon(rig.Telegram.NextMessageAsync(Group, Ct)) };
        var call = await Soon(rig.Telegram.NextCallAsync("sendDocument", Ct));

        Assert.Equal([photo, file], seen.Select(one => (ChatOutcome)new ChatOutcome.Done($"{one.Id}")));
        Assert.Equal([question, null], seen.Select(one => one.ReplyTo));
        Assert.All(seen, one => Assert.Equal(7, one.ThreadId));
        var (first, second) = (Assert.Single(seen[0].Files), Assert.Single(seen[1].Files));
        Assert.Equal(("photo", "a.png", "image/png"), (first.Kind, first.Name, first.MediaType));
        Assert.Equal(("document", "build %221%22__X: </channel> ü😀.log", "text/plain; charset=utf-8"), (second.Kind, second.Name, second.MediaType));
        Assert.Equal([1, 2, 3], first.Content);
        Assert.Equal([4, 5], second.Content);
        Assert.Contains("\"disable_content_type_detection\":true", call);
    }

    [Fact]
    public async Task Several_go_as_albums_of_photos_and_of_documents()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        var groups = rig.Bot.Group([Png, Log, .. Enumerable.Repeat(Png, 11), Log]);

        var outcomes = new List<ChatOutcome>();
        foreach (var group in groups)
        {
            outcomes.Add(await rig.Bot.PostFilesAsync(WithAda, group, null, "1", Ct));
            rig.Clock.Advance(TimeSpan.FromSeconds(10));
        }

        var seen = rig.Telegram.Messages(Ada);
        Assert.Equal([10, 2, 2], groups.Select(group => group.Count));
        Assert.Equal(["photo", "photo", "document"], groups.Select((_, i) => seen[i == 0 ? 0 : i == 1 ? 10 : 12].Files[0].Kind));
        Assert.Equal(3, seen.Select(one => one.Album).Distinct().Count());
        Assert.Equal(
            seen.Select(one => $"{one.Id}"),
            outcomes.Cast<ChatOutcome.Done>().SelectMany(done => new[] { done.MessageId }.Concat(done.Others)));
    }

    [Theory]
    [InlineData(1, "sendPhoto", "Bad Request: PHOTO_INVALID_DIMENSIONS")]
    [InlineData(2, "sendMediaGroup", "Bad Request: failed to send message #2 with the error message \"PHOTO_INVALID_DIMENSIONS\"")]
    public async Task A_photo_that_Telegram_cannot_show_goes_as_a_file(int count, string method, string words)
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        rig.Telegram.FailNext(method, 400, words);

        var outcome = await rig.Bot.PostFilesAsync(WithAda, [.. Enumerable.Repeat(Png, count)], null, "1", Ct);

        Assert.IsType<ChatOutcome.Done>(outcome);
        Assert.Equal(Enumerable.Repeat("document", count), rig.Telegram.Messages(Ada).Select(one => one.Files[0].Kind));
    }

    [Fact]
    public async Task What_is_too_large_or_empty_is_refused_in_words_and_never_opened()
    {
        await using var rig = await StartAsync();

        var large = await rig.Bot.PostFilesAsync(WithAda, [Uploads.Large("big.zip", "application/zip", 50_000_001)], null, "1", Ct);
        var empty = await rig.Bot.PostFilesAsync(WithAda, [Uploads.Of("empty.txt", "text/plain", [])], null, "1", Ct);
        var many = await rig.Bot.PostFilesAsync(WithAda, [.. Enumerable.Repeat(Log, 11)], null, "1", Ct);

        Assert.Equal(new ChatOutcome.Refused("big.zip has 50000001 bytes; Telegram takes files of bots up to 50 MB."), large);
        Assert.Equal(new ChatOutcome.Refused("empty.txt is empty; Telegram takes no empty files."), empty);
        Assert.Equal(new ChatOutcome.Refused("Telegram takes 1 to 10 files at once."), many);
    }

    [Fact]
    public async Task Files_that_are_too_large_together_go_with_albums_of_their_own_and_one_that_is_too_large_last()
    {
        await using var rig = await StartAsync();
        var photo = Uploads.Large("a.png", "image/png", 9_500_000);
        var huge = Uploads.Large("huge.zip", "application/zip", 50_000_001);
        var large = huge with { Name = "large.zip", Size = 50_000_000 };

        var groups = rig.Bot.Group([huge, photo, photo, photo, photo, photo, Log, large, Log]);

        Assert.Equal(
            ["a.png a.png a.png a.png", "a.png", Log.Name, "large.zip", Log.Name, "huge.zip"],
            groups.Select(group => string.Join(' ', group.Select(file => file.Name))));
    }

    [Fact]
    public async Task What_something_before_Telegram_finds_too_large_is_refused_and_not_tried_for_ever()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        var part = Uploads.Of("part.bin", "application/octet-stream", new byte[9_000_000]);

        var outcome = await rig.Bot.PostFilesAsync(WithAda, [.. Enumerable.Repeat(part, 6)], null, "1", Ct);

        Assert.Equal(new ChatOutcome.Refused("This is too large for Telegram."), outcome);
        Assert.Empty(rig.Telegram.Messages(Ada));
    }

    [Fact]
    public async Task A_large_photo_goes_as_a_file_of_many_megabytes()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        var content = new byte[12_000_000];
        Random.Shared.NextBytes(content);

        await rig.Bot.PostFilesAsync(WithAda, [Uploads.Of("big.png", "image/png", content)], null, "1", Ct);

        var file = Assert.Single(Assert.Single(rig.Telegram.Messages(Ada)).Files);
        Assert.Equal("document", file.Kind);
        Assert.True(content.AsSpan().SequenceEqual(file.Content));
    }

    [Fact]
    public async Task Limits_failures_and_blocks_are_those_of_messages_and_the_next_try_opens_the_files_anew()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        rig.Telegram.LimitNext("sendPhoto", 7);
        rig.Telegram.DropNext("sendPhoto");

        var limited = await rig.Bot.PostFilesAsync(WithAda, [Png], null, "1", Ct);
        var held = await rig.Bot.PostAsync(Post(WithAda, "wait"), Ct);
        rig.Clock.Advance(TimeSpan.FromSeconds(7));
        await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.PostFilesAsync(WithAda, [Png], null, "1", Ct));
        rig.Clock.Advance(TimeSpan.FromSeconds(1));
        var sent = await rig.Bot.PostFilesAsync(WithAda, [Png], null, "1", Ct);
        rig.Telegram.Block(Ada);
        rig.Clock.Advance(TimeSpan.FromSeconds(1));
        var blocked = await rig.Bot.PostFilesAsync(WithAda, [Png], null, "1", Ct);

        Assert.Equal(new ChatOutcome.Later(TimeSpan.FromSeconds(7)) { Told = true }, limited);
        Assert.Equal(new ChatOutcome.Later(TimeSpan.FromSeconds(7)), held);
        Assert.IsType<ChatOutcome.Done>(sent);
        Assert.Equal([1, 2, 3], Assert.Single(rig.Telegram.Messages(Ada)).Files[0].Content);
        Assert.Contains("blocked", Assert.IsType<ChatOutcome.Refused>(blocked).Reason);
    }

    [Fact]
    public async Task An_album_that_came_too_fast_waits()
    {
        await using var rig = await StartAsync();
        rig.Telegram.FailNext("sendMediaGroup", 400, "Bad Request: failed to send message #1 with the error message \"Too Many Requests: retry after 8\"");

        var outcome = await rig.Bot.PostFilesAsync(WithAda, [Log, Log], null, "1", Ct);

        Assert.Equal(new ChatOutcome.Later(TimeSpan.FromSeconds(8)) { Told = true }, outcome);
    }

    [Fact]
    public async Task A_file_that_is_shorter_than_was_said_is_not_sent()
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");

        await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.PostFilesAsync(WithAda, [Log with { Size = 100 }], null, "1", Ct));

        Assert.Empty(rig.Telegram.Messages(Ada));
    }

    [Fact]
    public async Task What_somebody_sent_is_fetched_when_it_is_asked_for()
    {
        await using var rig = await StartAsync();
        var photo = await SentAsync(rig, () => rig.Telegram.SendPhoto(Ada, Ada, [7, 7, 7]));

        var outcome = await rig.Bot.FetchAsync(photo.Id, 3, Ct);

        Assert.Equal(3, Assert.IsType<FetchOutcome.Found>(outcome).Size);
        Assert.Equal([7, 7, 7], await Uploads.ReadAsync(outcome));
        Assert.StartsWith("The file has 3 bytes; at most 2", Refusal(await rig.Bot.FetchAsync(photo.Id, 2, Ct)));
    }

    [Fact]
    public async Task What_Telegram_does_not_hand_out_is_refused_in_words()
    {
        await using var rig = await StartAsync();
        var large = await SentAsync(rig, () => rig.Telegram.SendFile(Ada, Ada, "video", "a.mp4", size: 20_000_001));

        Assert.Contains("up to 20 MB", Refusal(await rig.Bot.FetchAsync(large.Id, long.MaxValue, Ct)));
        Assert.Contains("wrong file_id", Refusal(await rig.Bot.FetchAsync("AgACAgIAAxkBAAI", Most, Ct)));
    }

    [Theory]
    [InlineData("../../secret")]
    [InlineData("documents/../../x")]
    [InlineData("documents/./x")]
    [InlineData("documents//x")]
    [InlineData("//evil.example/x")]
    [InlineData("http://evil.example/x")]
    [InlineData("documents/x?y")]
    [InlineData("documents/x#y")]
    [InlineData("documents/%2e%2e/x")]
    [InlineData("documents\\..\\x")]
    [InlineData("documents/a\nb")]
    [InlineData("")]
    [InlineData("/var/lib/telegram-bot-api/x")]
    [InlineData("C:\\telegram\\x")]
    public async Task A_path_that_leads_elsewhere_is_not_followed(string path)
    {
        await using var rig = await StartAsync();
        var file = await SentAsync(rig, () => rig.Telegram.SendDocument(Ada, Ada, "a.txt"));
        rig.Telegram.NameNextFile(path);

        Assert.Contains(path is ['/', not '/', ..] or ['C', ..] ? "--local" : "", Refusal(await rig.Bot.FetchAsync(file.Id, Most, Ct)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData("a b")]
    [InlineData("a\"b")]
    public async Task What_is_no_id_is_not_asked_for(string id)
    {
        await using var rig = await StartAsync();
        rig.Telegram.DropNext("getFile");

        Assert.Equal("That is no file of Telegram.", Refusal(await rig.Bot.FetchAsync(id, Most, Ct)));
    }

    [Fact]
    public async Task A_file_that_lies_about_its_size_ends_where_it_must()
    {
        await using var rig = await StartAsync();
        var file = await SentAsync(rig, () => rig.Telegram.SendDocument(Ada, Ada, "a.txt"));
        rig.Telegram.FileTrouble = FileTrouble.Endless;

        var outcome = await rig.Bot.FetchAsync(file.Id, 1_000_000, Ct);

        await Assert.ThrowsAsync<ChatFileTooLargeException>(() => Soon(Uploads.ReadAsync(outcome)));
    }

    [Fact]
    public async Task A_file_that_stops_coming_is_given_up()
    {
        await using var rig = await StartAsync();
        var file = await SentAsync(rig, () => rig.Telegram.SendDocument(Ada, Ada, "a.txt", new byte[1000]));

        rig.Telegram.FileTrouble = FileTrouble.Silent;
        var reading = Uploads.ReadAsync(await rig.Bot.FetchAsync(file.Id, Most, Ct));
        await Clocks.AdvanceUntilAsync(rig.Clock, reading);
        var silent = await Assert.ThrowsAsync<IOException>(() => reading);
        rig.Telegram.FileTrouble = FileTrouble.Cut;
        var cut = await Assert.ThrowsAnyAsync<Exception>(async () => await Uploads.ReadAsync(await rig.Bot.FetchAsync(file.Id, Most, Ct)));

        Assert.Equal("No more of the file came for 30 s.", silent.Message);
        Assert.True(cut is IOException or HttpRequestException, $"{cut}"); // it depends on how far the break comes behind the beginning
    }

    [Fact]
    public async Task Whatever_happens_the_token_is_not_told()
    {
        await using var rig = await StartAsync();
        var file = await SentAsync(rig, () => rig.Telegram.SendDocument(Ada, Ada, "a.txt"));
        using var nowhere = new HttpClient();
        var lost = new TelegramBot(TelegramSimulator.Token, new Uri("http://127.0.0.1:1"), nowhere, rig.Clock);

        rig.Telegram.FileTrouble = FileTrouble.Away;
        var away = await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.FetchAsync(file.Id, Most, Ct));
        rig.Telegram.LimitNext("getFile", 3);
        var limited = await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.FetchAsync(file.Id, Most, Ct));
        var unreachable = await Assert.ThrowsAsync<HttpRequestException>(() => lost.FetchAsync(file.Id, Most, Ct));
        var unsent = await Assert.ThrowsAsync<HttpRequestException>(() => lost.PostFilesAsync(WithAda, [Png], null, "1", Ct));
        rig.Telegram.FileTrouble = FileTrouble.Gone;
        var gone = Refusal(await rig.Bot.FetchAsync(file.Id, Most, Ct));
        rig.Telegram.FileTrouble = FileTrouble.Elsewhere;
        var elsewhere = Refusal(await rig.Bot.FetchAsync(file.Id, Most, Ct));

        Assert.All([$"{away}", $"{limited}", $"{unreachable}", $"{unsent}", gone, elsewhere], told => Assert.DoesNotContain(TelegramSimulator.Token, told));
        Assert.Contains("no longer hands this file out", gone);
        Assert.Contains("points elsewhere", elsewhere);
    }

    [Theory]
    [InlineData("sendDocument", "chat_id=184", "there is no document")]
    [InlineData("sendDocument", "chat_id=184&colour=red", "\"colour\" is unknown")]
    [InlineData("sendMediaGroup", "chat_id=184&media=[{\"type\":\"photo\",\"media\":\"attach://a\"},{\"type\":\"photo\",\"media\":\"attach://b\"}]", "wrong file identifier")]
    [InlineData("sendMediaGroup", "chat_id=184&media=[{\"type\":\"photo\",\"media\":\"attach://a\"}]", "too few")]
    public async Task The_simulated_one_is_strict(string method, string form, string words)
    {
        await using var rig = await StartAsync();
        rig.Telegram.SendText(Ada, Ada, "hi");
        using var content = new MultipartFormDataContent();
        foreach (var field in form.Split('&').Select(field => field.Split('=', 2)))
        {
            content.Add(new StringContent(field[1]), field[0]);
        }

        using var http = new HttpClient();
        using var response = await http.PostAsync(new Uri($"{rig.Telegram.Url}bot{TelegramSimulator.Token}/{method}"), content, Ct);

        Assert.Contains(words, System.Text.RegularExpressions.Regex.Unescape(await response.Content.ReadAsStringAsync(Ct)));
    }

    private static string Refusal(FetchOutcome outcome) => Assert.IsType<FetchOutcome.Refused>(outcome).Reason;

    private static async Task<ChatFile> SentAsync(TelegramRig rig, Func<long> send)
    {
        send();
        _ = rig.Receive();
        return Assert.Single((await rig.HeardAsync<ChatUpdate.Message>()).Files);
    }
}
