using Cluster.Core.Access;
using Cluster.Core.Api;
using Cluster.Core.Channel;
using Cluster.Core.Chats;
using Cluster.Core.Sessions;
using Cluster.Server.Chats;
using Cluster.Server.Security;
using Cluster.Storage.Chats;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Sessions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Api;

/// <summary>Files both ways: what people sent to a session, for whoever may see the message; and what a session will send, from its owner.</summary>
internal static class FileEndpoints
{
    public static void MapFiles(this IEndpointRouteBuilder session)
    {
        session.MapGet("/events/{id:long}/files", ListAsync);
        session.MapGet("/events/{id:long}/files/{number:int}", DownloadAsync);
        session.MapPost("/files", UploadAsync);
    }

    private static async Task<Results<Ok<AttachmentList>, ProblemHttpResult>> ListAsync(
        string owner, string name, long id, HttpContext context, AttachmentFetcher fetcher, AccessStore accesses, McpSessionStore sessions,
        ToolCallStore calls, CancellationToken ct)
    {
        if (await FindAsync(owner, name, id, context, fetcher, accesses, sessions, calls, ct) is not { } found)
        {
            return NoSuchEvent(id);
        }

        return TypedResults.Ok(new AttachmentList
        {
            ChatId = found.ChatId,
            Files = [.. found.Files.Select((file, at) => new AttachmentInfo { Number = at + 1, Kind = file.Kind, Name = file.Name, Size = file.Size })],
        });
    }

    private static async Task<IResult> DownloadAsync(
        string owner, string name, long id, int number, HttpContext context, AttachmentFetcher fetcher, AccessStore accesses, McpSessionStore sessions,
        ToolCallStore calls, CancellationToken ct)
    {
        if (await FindAsync(owner, name, id, context, fetcher, accesses, sessions, calls, ct) is not { } found)
        {
            return NoSuchEvent(id);
        }

        if (number < 1 || number > found.Files.Count)
        {
            return TypedResults.Problem($"Event {id} has no file {number}; it has {found.Files.Count}.", statusCode: StatusCodes.Status404NotFound);
        }

        var (file, refusal) = await fetcher.FetchAsync(found.ChatId, found.Files[number - 1], FileLimits.MaxFile, ct);
        if (file is null)
        {
            return TypedResults.Problem($"File {number} of event {id} cannot be fetched: {refusal}.", statusCode: StatusCodes.Status409Conflict);
        }

        // Whatever it is, no browser shall show it as if it were ours.
        await using (file)
        {
            context.Response.ContentType = MediaTypes.Unknown;
            context.Response.Headers.ContentDisposition = "attachment";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.CacheControl = "no-store";
            try
            {
                await file.Content.CopyToAsync(context.Response.Body, ct);
            }
            catch (Exception e) when (e is IOException or HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
            {
                // Larger than was said, or the platform broke off: half a file must not look like a whole one.
                if (!context.Response.HasStarted)
                {
                    context.Response.Clear();
                    return TypedResults.Problem(
                        $"File {number} of event {id} cannot be fetched: it has more than {Attachments.Size(FileLimits.MaxFile)}, or its platform broke off.",
                        statusCode: StatusCodes.Status409Conflict);
                }

                context.Abort();
            }
        }

        return TypedResults.Empty;
    }

    private static async Task<Results<Ok<UploadInfo>, ProblemHttpResult>> UploadAsync(
        string owner, string name, HttpContext context, UploadStore uploads, AccessStore accesses, CancellationToken ct)
    {
        var caller = context.Caller();
        if (!SessionId.TryParse($"{owner}/{name}", caller.Principal, out var session)
            || await accesses.FindAsync(session, ct) is not { } access || !access.May(caller.Identity, Act.Own))
        {
            return SessionEndpoints.NoSuchSession();
        }

        // Counted here, so that whoever sends too much is told so; the server itself would only hang up.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        if (context.Request.ContentLength > FileLimits.MaxFile)
        {
            return TooLarge();
        }

        var shown = SafeFileName.Of(context.Request.Query["name"].ToString(), "file");
        string? id = null;
        var whole = false;
        try
        {
            var (size, place, piece) = (0L, 0, new byte[UploadStore.ChunkSize]);
            while (await context.Request.Body.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, ct) is > 0 and var length)
            {
                size += length;
                if (size > FileLimits.MaxFile)
                {
                    return TooLarge();
                }

                id ??= await uploads.BeginAsync(session, shown, MediaTypes.Image(piece.AsSpan(0, length)) ?? MediaTypes.Unknown, ct);
                if (!await uploads.AddAsync(session, id, place++, piece[..length], ct))
                {
                    return TypedResults.Problem(
                        $"{session} has {Attachments.Size(UploadStore.MaxUnused)} of files here already that no answer has sent yet. They go within the hour; try again then.",
                        statusCode: StatusCodes.Status409Conflict);
                }
            }

            if (id is null)
            {
                return ApiEndpoints.Bad("The file is empty.");
            }

            await uploads.CompleteAsync(id, ct);
            whole = true;
            return TypedResults.Ok(new UploadInfo { Id = id, Name = shown, Size = size });
        }
        finally
        {
            if (id is not null && !whole)
            {
                await uploads.DropAsync(id, CancellationToken.None);
            }
        }
    }

    // Who may watch sees all, who may talk their own conversation. A connector asks for its session's model, which sees what was
    // delivered and nothing else; that it asks is the model's own doing.
    private static async Task<EventFiles?> FindAsync(
        string owner, string name, long id, HttpContext context, AttachmentFetcher fetcher, AccessStore accesses, McpSessionStore sessions,
        ToolCallStore calls, CancellationToken ct)
    {
        var caller = context.Caller();
        if (!SessionId.TryParse($"{owner}/{name}", caller.Principal, out var session)
            || await accesses.FindAsync(session, ct) is not { } access
            || await fetcher.FindAsync(session, id, ct) is not { } found
            || !(access.May(caller.Identity, Act.Watch) || (access.May(caller.Identity, Act.Find) && found.ChatId == caller.Identity.Value)))
        {
            return null;
        }

        if (context.Request.Headers[ChannelProtocol.SessionHeader] is [{ Length: > 0 and <= 64 } mcp])
        {
            if (!found.Delivered || await sessions.FindAsync(mcp, caller.TokenId, ct) is not { } asking || asking.Session != session)
            {
                return null;
            }

            await calls.CalledAsync(session, ct);
        }

        return found;
    }

    private static ProblemHttpResult NoSuchEvent(long id) =>
        TypedResults.Problem($"There is no message {id} in this session.", statusCode: StatusCodes.Status404NotFound);

    private static ProblemHttpResult TooLarge() => TypedResults.Problem(
        $"The file is larger than {Attachments.Size(FileLimits.MaxFile)}, which is the most.", statusCode: StatusCodes.Status413PayloadTooLarge);
}
