using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Cluster.Simulator.Telegram;

/// <summary>A request that may bring files along.</summary>
internal sealed record FormRequest(JsonElement Fields, IReadOnlyDictionary<string, SimulatedFile> Files);

/// <summary>Reads requests that come as a form (Telegram Bot API: making requests, sending files). Their values are text; what each means is
/// the field's own.</summary>
internal static class RequestForms
{
    /// <summary>Bytes: one file of 50 MB and the form around it.</summary>
    public const int LargestRequest = 50 * 1024 * 1024;

    private static readonly HashSet<string> Integers = ["chat_id", "message_thread_id"];
    private static readonly HashSet<string> Json = ["reply_parameters", "media", "disable_notification", "disable_content_type_detection"];

    /// <summary>As what stands before the Bot API refuses a request that is too large: by a page of its own (telegraf/telegraf, issue 222).</summary>
    public static async Task RefuseAsync(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
        context.Response.ContentType = "text/html";
        await context.Response.WriteAsync(
            "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity Too Large</h1></center>\r\n</body>\r\n</html>\r\n",
            context.RequestAborted);
    }

    /// <exception cref="RefusedException">It cannot be read.</exception>
    public static async Task<FormRequest> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        IFormCollection form;
        try
        {
            form = await request.ReadFormAsync(SimulatedFiles.FormLimits, ct);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or BadHttpRequestException)
        {
            throw RefusedException.Bad("can't parse the form");
        }

        var fields = new JsonObject();
        foreach (var (name, values) in form)
        {
            if (values is not [{ } value])
            {
                throw RefusedException.Bad($"field \"{name}\" is there twice");
            }

            fields[name] = Integers.Contains(name) && long.TryParse(value, out var number) ? JsonValue.Create(number)
                : Json.Contains(name) ? JsonNode.Parse(value)
                : JsonValue.Create(value);
        }

        var files = new Dictionary<string, SimulatedFile>();
        foreach (var file in form.Files)
        {
            if (!files.TryAdd(file.Name, await SimulatedFiles.ReadAsync(file, file.Name)))
            {
                throw RefusedException.Bad($"file \"{file.Name}\" is there twice");
            }
        }

        using var json = JsonDocument.Parse(fields.ToJsonString());
        return new(json.RootElement.Clone(), files);
    }
}
