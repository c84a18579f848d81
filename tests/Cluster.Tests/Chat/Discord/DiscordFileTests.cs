using Cluster.Chat;
using Cluster.Simulator;
using Cluster.Simulator.Discord;

namespace Cluster.Tests.Chat.Discord;

/// <summary>Files, both ways.</summary>
public sealed class DiscordFileTests
{
    private const int NoPreview = 4;
    private const long Most = 20_000_000;

    private static readonly ChatUpload Png = Uploads.Of("a.png", "image/png", [1, 2, 3]);
    private static readonly ChatUpload Log = Uploads.Of("</channel> ü😀.log", "text/plain", [4, 5]);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Up_to_ten_go_with_one_message()
    {
        await using var rig = await DiscordRig.StartAsync();
        var channel = rig.Discord.GuildChannel();
        var question = rig.Discord.Write(channel, rig.Discord.Person("alice"), "files?");
        var groups = rig.Bot.Group([Png, Log, .. Enumerable.Repeat(Png, 9)]);

        var outcome = await rig.Bot.PostFilesAsync(DiscordRig.PlaceOf(channel), groups[0], question, "1", Ct);
        var sent = await NextAsync(rig);

        Assert.Equal([10, 1], groups.Select(group => group.Count));
        Assert.Equal(new ChatOutcome.Done(sent.Id), outcome);
        Assert.Equal(("", NoPreview, question), (sent.Content, sent.Flags, sent.ReplyTo));
        Assert.Equal(["a.png", "</channel> ü😀.log"], sent.Files.Take(2).Select(file => file.Name));
        Assert.Equal(["image/png", "text/plain"], sent.Files.Take(2).Select(file => file.MediaType));
        Assert.Equal([4, 5], sent.Files[1].Content);
        Assert.Equal(10, sent.Files.Count);
    }

    [Fact]
    public async Task A_try_of_the_same_message_sends_it_once_and_opens_the_files_anew()
    {
        await using var rig = await DiscordRig.StartAsync();
        var channel = rig.Discord.GuildChannel();
        var opened = 0;
        var file = Png with { OpenAsync = ct => { opened++; return Png.OpenAsync(ct); } };

        var first = await rig.Bot.PostFilesAsync(DiscordRig.PlaceOf(channel), [file], "12345", "once", Ct);
        var second = await rig.Bot.PostFilesAsync(DiscordRig.PlaceOf(channel), [file], "12345", "once", Ct);

        Assert.Equal(first, second);
        Assert.Equal((1, 2), (rig.Discord.Sent.Messages.Count, opened));
    }

    [Fact]
    public async Task What_is_too_large_is_refused_in_words_and_never_opened()
    {
        await using var rig = await DiscordRig.StartAsync();
        var place = DiscordRig.PlaceOf(rig.Discord.GuildChannel());

        var large = await rig.Bot.PostFilesAsync(place, [Uploads.Large("big.zip", "application/zip", (20 * 1024 * 1024) + 1)], null, "1", Ct);
        var many = await rig.Bot.PostFilesAsync(place, [.. Enumerable.Repeat(Png, 11)], null, "1", Ct);
        var nowhere = await rig.Bot.PostFilesAsync(place with { Chat = "../1" }, [Png], null, "1", Ct);

        Assert.Equal(new ChatOutcome.Refused("big.zip has 20971521 bytes; Discord takes files up to 20 MiB."), large);
        Assert.Equal(new ChatOutcome.Refused("Discord takes 1 to 10 files at once."), many);
        Assert.IsType<ChatOutcome.Refused>(nowhere);
        Assert.Equal(0, rig.Discord.Calls);
    }

    [Fact]
    public async Task Files_that_are_too_large_together_go_with_messages_of_their_own()
    {
        await using var rig = await DiscordRig.StartAsync();
        var large = Uploads.Large("a.bin", "application/octet-stream", 10 * 1024 * 1024);

        var groups = rig.Bot.Group([large, large, large, large with { Size = 20 * 1024 * 1024 }, Png]);

        Assert.Equal([2, 1, 2], groups.Select(group => group.Count));
    }

    [Fact]
    public async Task One_that_is_too_large_keeps_no_other_from_going()
    {
        await using var rig = await DiscordRig.StartAsync();
        var place = DiscordRig.PlaceOf(rig.Discord.GuildChannel());
        var huge = Uploads.Large("huge.zip", "application/zip", (20 * 1024 * 1024) + 1);

        var groups = rig.Bot.Group([Png, huge, Log]);
        var sent = await rig.Bot.PostFilesAsync(place, groups[0], null, "1", Ct);
        var refused = await rig.Bot.PostFilesAsync(place, groups[1], null, "2", Ct);

        Assert.Equal([[Png, Log], [huge]], groups);
        Assert.IsType<ChatOutcome.Done>(sent);
        Assert.StartsWith("huge.zip has", Assert.IsType<ChatOutcome.Refused>(refused).Reason);
    }

    [Fact]
    public async Task A_server_that_takes_less_refuses_for_good()
    {
        await using var rig = await DiscordRig.StartAsync();
        var channel = rig.Discord.GuildChannel();
        rig.Discord.Faults.Refuse(channel.Id, 413, 40005, "Request entity too large");

        var outcome = await rig.Bot.PostFilesAsync(DiscordRig.PlaceOf(channel), [Png], null, "1", Ct);

        Assert.IsType<ChatOutcome.Refused>(outcome);
    }

    [Fact]
    public async Task Limits_and_failures_are_those_of_messages()
    {
        await using var rig = await DiscordRig.StartAsync();
        var place = DiscordRig.PlaceOf(rig.Discord.GuildChannel());
        rig.Discord.RateLimit = 2;

        rig.Discord.Faults.FailNext(1, 503);
        await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.PostFilesAsync(place, [Png], null, "1", Ct));
        rig.Discord.Faults.FailNext(1, 0);
        await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.PostFilesAsync(place, [Png], null, "1", Ct));
        rig.Discord.Faults.FailNext(0, 0);
        var first = await rig.Bot.PostFilesAsync(place, [Png], null, "1", Ct);
        var second = await rig.Bot.PostFilesAsync(place, [Png], null, "2", Ct);
        var third = await rig.Bot.PostFilesAsync(place, [Png], null, "3", Ct);

        Assert.IsType<ChatOutcome.Done>(first);
        Assert.IsType<ChatOutcome.Done>(second);
        Assert.IsType<ChatOutcome.Later>(third);
    }

    [Fact]
    public async Task What_somebody_sent_is_fetched_by_a_fresh_address_without_showing_the_token()
    {
        await using var rig = await DiscordRig.ConnectedAsync();
        var file = await SentAsync(rig, new("31", "a b.txt", 3, "text/plain") { Content = [7, 8, 9] });

        var outcome = await rig.Bot.FetchAsync(file.Id, 3, Ct);

        Assert.Equal(3, Assert.IsType<FetchOutcome.Found>(outcome).Size);
        Assert.Equal([7, 8, 9], await Uploads.ReadAsync(outcome));
        Assert.StartsWith("The file has 3 bytes; at most 2", Refusal(await rig.Bot.FetchAsync(file.Id, 2, Ct)));
    }

    [Theory]
    [InlineData("https://evil.example/attachments/1/31/a")]
    [InlineData("http://cdn.discordapp.com/attachments/1/31/a")]
    [InlineData("https://cdn.discordapp.com:8443/attachments/1/31/a")]
    [InlineData("https://cdn.discordapp.com.evil.example/a")]
    [InlineData("https://cdn.discordapp.com@evil.example/a")]
    [InlineData("https://evil@cdn.discordapp.com/a")]
    [InlineData("https://127.0.0.1/a")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("file:///etc/passwd")]
    [InlineData("//evil.example/a")]
    [InlineData("")]
    public async Task An_address_that_is_not_Discords_own_is_never_asked(string url)
    {
        await using var rig = await DiscordRig.ConnectedAsync();
        var file = await SentAsync(rig, new("31", "a.txt", 3, "text/plain") { Url = url });

        Assert.Contains("not its own", Refusal(await rig.Bot.FetchAsync(file.Id, Most, Ct)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1/2")]
    [InlineData("1/2/3/4")]
    [InlineData("1/2/x")]
    [InlineData("../2/3")]
    [InlineData("1/2/3?x=y")]
    public async Task What_is_no_id_is_not_asked_for(string id)
    {
        await using var rig = await DiscordRig.StartAsync();

        Assert.Equal("That is no file of Discord.", Refusal(await rig.Bot.FetchAsync(id, Most, Ct)));
        Assert.Equal(0, rig.Discord.Calls);
    }

    [Fact]
    public async Task What_is_gone_or_elsewhere_is_told_in_words()
    {
        await using var rig = await DiscordRig.ConnectedAsync();
        var file = await SentAsync(rig, new("31", "a.txt", 3, "text/plain") { Content = [1, 2, 3] });
        var ids = file.Id.Split('/');

        Assert.Contains("Unknown Message", Refusal(await rig.Bot.FetchAsync($"{ids[0]}/5/31", Most, Ct)));
        Assert.Contains("no longer in its message", Refusal(await rig.Bot.FetchAsync($"{ids[0]}/{ids[1]}/32", Most, Ct)));
        rig.Discord.Faults.File = FileTrouble.Gone;
        Assert.Contains("no longer hands this file out", Refusal(await rig.Bot.FetchAsync(file.Id, Most, Ct)));
        rig.Discord.Faults.File = FileTrouble.Elsewhere;
        Assert.Contains("points elsewhere", Refusal(await rig.Bot.FetchAsync(file.Id, Most, Ct)));
        rig.Discord.Faults.File = FileTrouble.Away;
        await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.FetchAsync(file.Id, Most, Ct));
        rig.Discord.Faults.FailNext(1, 500);
        await Assert.ThrowsAsync<HttpRequestException>(() => rig.Bot.FetchAsync(file.Id, Most, Ct));
    }

    [Fact]
    public async Task A_file_that_lies_about_its_size_ends_where_it_must()
    {
        await using var rig = await DiscordRig.ConnectedAsync();
        var file = await SentAsync(rig, new("31", "a.txt", 3, "text/plain") { Content = [1, 2, 3] });

        rig.Discord.Faults.File = FileTrouble.Endless;
        var endless = await rig.Bot.FetchAsync(file.Id, 1_000_000, Ct);
        await Assert.ThrowsAsync<ChatFileTooLargeException>(() => Uploads.ReadAsync(endless).WaitAsync(FakeInbox.Patience, Ct));
    }

    [Theory]
    [InlineData("""{"content":"x"}""", "files[0]", "attachments")]
    [InlineData("""{"attachments":[{"id":1,"filename":"a"}]}""", "files[0]", "there is no such file")]
    [InlineData("""{"attachments":[{"id":0,"filename":"b"}]}""", "files[0]", "called otherwise")]
    [InlineData("""{"attachments":[{"id":0,"filename":"a"}]}""", "file", "not called files[n]")]
    [InlineData("""{"attachments":[{"id":0,"filename":"a"}],"colour":1}""", "files[0]", "no such field")]
    public async Task The_simulated_one_is_strict(string payload, string part, string words)
    {
        await using var rig = await DiscordRig.StartAsync();
        using var content = new MultipartFormDataContent
        {
            { new StringContent(payload), "payload_json" },
            { new ByteArrayContent([1]), part, "a" },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(rig.Discord.Api, $"channels/{rig.Discord.GuildChannel().Id}/messages"));
        request.Content = content;
        request.Headers.Authorization = new("Bot", rig.Discord.Token);
        request.Headers.TryAddWithoutValidation("User-Agent", "DiscordBot (https://a.example, 1.0)");

        using var http = new HttpClient();
        using var response = await http.SendAsync(request, Ct);

        Assert.Contains(words, await response.Content.ReadAsStringAsync(Ct));
    }

    private static string Refusal(FetchOutcome outcome) => Assert.IsType<FetchOutcome.Refused>(outcome).Reason;

    private static async Task<ChatFile> SentAsync(DiscordRig rig, DiscordFile file)
    {
        rig.Discord.Write(rig.Discord.DirectChat(), rig.Discord.Person("alice"), "", new() { Files = [file] });
        return Assert.Single((await rig.Inbox.NextMessageAsync()).Files);
    }

    private static async Task<SentMessage> NextAsync(DiscordRig rig) =>
        await rig.Discord.Sent.Messages.ReadAsync(Ct).AsTask().WaitAsync(FakeInbox.Patience, Ct);
}
