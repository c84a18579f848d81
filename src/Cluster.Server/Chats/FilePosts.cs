using Cluster.Chat;
using Cluster.Storage.Chats;

namespace Cluster.Server.Chats;

/// <summary>Sends the files of an answer, group by group.</summary>
internal static class FilePosts
{
    public static async Task<SendResult> SendAsync(IChatBot platform, ChatPlace place, OutboxItem item, UploadStore uploads, CancellationToken ct)
    {
        if (platform is not ICanSendFiles sending)
        {
            return new SendResult.Refused("this bot cannot send files");
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

        var outcome = await sending.PostFilesAsync(
            place, groups[item.PartsSent], item.PartsSent == 0 ? item.Target : null, $"{item.Id}.{item.PartsSent}", ct);
        return outcome switch
        {
            ChatOutcome.Done done => new SendResult.Sent(done.MessageId, item.PartsSent + 1 >= groups.Count) { Others = done.Others },
            ChatOutcome.Later(var wait) => new SendResult.Later(wait, Failed: false),
            ChatOutcome.Refused(var reason) => new SendResult.Refused(reason),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}
