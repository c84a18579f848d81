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
    private static readonly HashSet<string> Integers = ["chat_id", "message_thread_id"];
    private static readonly HashSet<string> Json = ["reply_parameters", "media", "disable_notification", "disable_content_type_detection"];

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
