using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Cluster.Simulator.Discord;

/// <summary>A message that came with files.</summary>
/// <param name="Body">Its <c>payload_json</c>.</param>
/// <param name="Files">In their order.</param>
/// <param name="Fault">Why it is refused; null when it is not.</param>
internal sealed record DiscordUpload(JsonObject? Body, IReadOnlyList<SimulatedFile> Files, (int Status, int Code, string Message)? Fault)
{
    // Discord: API Reference, uploading files; Message, create message.
    private const int LargestFile = 20 * 1024 * 1024;
    private const int LargestRequest = 25 * 1024 * 1024;

    public static async Task<DiscordUpload> ReadAsync(HttpContext context)
    {
        try
        {
            var form = await context.Request.ReadFormAsync(SimulatedFiles.FormLimits, context.RequestAborted);
            if (form.Count != 1 || form["payload_json"] is not [{ } payload] || JsonNode.Parse(payload) is not JsonObject body)
            {
                return Refused(400, 50035, "payload_json: expected one, and files.");
            }

            var files = new Dictionary<string, SimulatedFile>();
            foreach (var file in form.Files)
            {
                if (file.Length > LargestFile || context.Request.ContentLength is not <= LargestRequest)
                {
                    return Refused(413, 40005, "Request entity too large");
                }

                if (!files.TryAdd(file.Name, await SimulatedFiles.ReadAsync(file, "attachment")))
                {
                    return Refused(400, 50035, $"{file.Name}: is there twice.");
                }
            }

            return DiscordForm.FaultOfMessage(body, files) is { } fault ? Refused(400, 50035, fault) : new(body, [.. files.Values], null);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            return Refused(400, 50109, "The request body cannot be read.");
        }
    }

    private static DiscordUpload Refused(int status, int code, string message) => new(null, [], (status, code, message));
}
