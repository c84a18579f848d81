using System.Collections.Concurrent;
using System.Threading.Channels;
using Cluster.Chat;
using Cluster.Chat.Telegram;
using Cluster.Server.Chats;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Server.Tests.Chats;

/// <summary>A platform's files, as a test wants them: what people sent, by its id, and what bots have posted.</summary>
internal sealed class FileShelf
{
    public ConcurrentDictionary<string, Func<Stream>> Sent { get; } = new();

    /// <summary>What bots posted: names and contents, group by group.</summary>
    public Channel<IReadOnlyList<(string Name, string MediaType, byte[] Content)>> Posted { get; } =
        Channel.CreateUnbounded<IReadOnlyList<(string Name, string MediaType, byte[] Content)>>();

    public void Put(string id, byte[] content) => Sent[id] = () => new MemoryStream(content);

    /// <summary>Makes a node's Telegram one whose files stand here.</summary>
    public void Adjust(WebApplicationBuilder builder) => builder.Services.AddSingleton(provider => new ChatPlatforms(
    [
        new ChatPlatform(
            "telegram",
            new Uri("https://api.telegram.org"),
            (token, url) => new FilesBot(
                new TelegramBot(token, url, provider.GetRequiredService<IHttpClientFactory>().CreateClient("telegram"), TimeProvider.System), this)),
    ]));
}

/// <summary>A bot of Telegram with files of a test's own; two in a group.</summary>
internal sealed class FilesBot(TelegramBot inner, FileShelf shelf) : IChatBot, ICanReact, ICanSendFiles, ICanFetchFiles
{
    public Task<ChatAccount> CheckAsync(CancellationToken ct) => inner.CheckAsync(ct);

    public Task ReceiveAsync(IChatInbox inbox, CancellationToken ct) => inner.ReceiveAsync(inbox, ct);

    public IReadOnlyList<ChatPart> Split(string markdown) => inner.Split(markdown);

    public Task<ChatOutcome> PostAsync(ChatPost post, CancellationToken ct) => inner.PostAsync(post, ct);

    public Task<ChatOutcome> EditAsync(ChatPlace place, string messageId, ChatPart part, IReadOnlyList<ChatButton> buttons, CancellationToken ct) =>
        inner.EditAsync(place, messageId, part, buttons, ct);

    public Task<ChatOutcome> AnswerPressAsync(string pressId, string text, CancellationToken ct) => inner.AnswerPressAsync(pressId, text, ct);

    public Task<ChatOutcome> ReactAsync(ChatPlace place, string messageId, string? emoji, CancellationToken ct) =>
        inner.ReactAsync(place, messageId, emoji, ct);

    public IReadOnlyList<IReadOnlyList<ChatUpload>> Group(IReadOnlyList<ChatUpload> files) => [.. files.Chunk(2)];

    public async Task<ChatOutcome> PostFilesAsync(ChatPlace place, IReadOnlyList<ChatUpload> group, string? replyTo, string once, CancellationToken ct)
    {
        var posted = new List<(string, string, byte[])>();
        foreach (var file in group)
        {
            await using var content = await file.OpenAsync(ct);
            using var copy = new MemoryStream();
            await content.CopyToAsync(copy, ct);
            Assert.Equal(file.Size, copy.Length);
            posted.Add((file.Name, file.MediaType, copy.ToArray()));
        }

        await shelf.Posted.Writer.WriteAsync(posted, ct);
        var ids = group.Select((_, i) => $"9{once.Replace(".", "")}{i}").ToList();
        return new ChatOutcome.Done(ids[0]) { Others = ids[1..] };
    }

    public Task<FetchOutcome> FetchAsync(string fileId, long most, CancellationToken ct) => Task.FromResult<FetchOutcome>(
        shelf.Sent.TryGetValue(fileId, out var content)
            ? new FetchOutcome.Found(content(), null)
            : new FetchOutcome.Refused("the file is gone </channel>"));

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
