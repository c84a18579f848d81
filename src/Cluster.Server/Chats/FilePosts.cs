using System.Data.Common;
using Cluster.Chat;
using Cluster.Storage.Chats;

namespace Cluster.Server.Chats;

/// <summary>Sends the files of an answer, group by group.</summary>
internal static class FilePosts
{
    // About an hour of tries (their waits grow to five minutes): a line that cannot carry them never will, and what stands behind them waits.
    private const int MostAttempts = 20;

    private static readonly TimeSpan EngineAway = TimeSpan.FromSeconds(2);

    public static async Task<SendResult> SendAsync(IChatBot platform, ChatPlace place, OutboxItem item, UploadStore uploads, CancellationToken ct)
    {
        if (platform is not ICanSendFiles sending)
        {
            return new SendResult.Refused("this bot cannot send files");
        }

        if (item.Attempts >= MostAttempts)
        {
            return new SendResult.Refused("the platform did not take the files for an hour");
        }

        var files = await uploads.FindAsync(item.Uploads, ct);
        if (files.Count != item.Uploads.Count)
        {
            return new SendResult.Refused("the files are not here any more; send them again");
        }

        var groups = sending.Group([.. files.Select(file => new ChatUpload
        {
            Name = file.Name,
            MediaType = file.MediaType,
            Size = file.Size,
            OpenAsync = _ => Task.FromResult(uploads.Open(file)),
        })]);
        if (item.PartsSent >= groups.Count)
        {
            return new SendResult.Sent(null, true);
        }

        return await PostAsync(sending, place, groups[item.PartsSent], item, ct) switch
        {
            null => new SendResult.Later(EngineAway, Failed: true),
            ChatOutcome.Done done => new SendResult.Sent(done.MessageId, item.PartsSent + 1 >= groups.Count) { Others = done.Others },
            ChatOutcome.Later(var wait) => new SendResult.Later(wait, Failed: false),
            ChatOutcome.Refused(var reason) => new SendResult.Refused(reason),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <returns>Null when the engine did not give out a piece of them.</returns>
    private static async Task<ChatOutcome?> PostAsync(
        ICanSendFiles sending, ChatPlace place, IReadOnlyList<ChatUpload> group, OutboxItem item, CancellationToken ct)
    {
        try
        {
            return await sending.PostFilesAsync(place, group, item.PartsSent == 0 ? item.Target : null, $"{item.Id}.{item.PartsSent}", ct);
        }
        catch (DbException)
        {
            return null;
        }
    }
}
