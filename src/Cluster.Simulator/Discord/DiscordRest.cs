using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Cluster.Simulator.Discord;

/// <summary>The simulated REST API: strict about who asks and what.</summary>
internal sealed partial class DiscordRest(DiscordSimulator discord, DiscordMessageStore messages, DiscordBuckets buckets)
{
    private int _calls;

    /// <summary>All calls, also those that were turned away.</summary>
    public int Calls => _calls;

    public async Task HandleAsync(HttpContext context)
    {
        Interlocked.Increment(ref _calls);
        var path = context.Request.Path.Value![DiscordSimulator.ApiPath.Length..].Split('/');
        var (bucket, major) = path is ["channels", var of, .. var rest] ? ($"{context.Request.Method} {rest.Length}", of) : (path[0], "");
        if (discord.Faults.NextFailure() is { } status)
        {
            await FailAsync(context, status);
        }
        else if (!UserAgent().IsMatch(context.Request.Headers.UserAgent.ToString()))
        {
            await TextAsync(context, 403, "<html>error code: 1010</html>", "text/html");
        }
        else if (context.Request.Headers.Authorization != $"Bot {discord.Token}")
        {
            await ErrorAsync(context, 401, 0, "401: Unauthorized");
        }
        else if (buckets.Count(context.Response, bucket, major) is { } wait)
        {
            var error = new JsonObject { ["message"] = "You are being rate limited.", ["retry_after"] = wait, ["global"] = false };
            await TextAsync(context, 429, error.ToJsonString());
        }
        else if (discord.Faults.RefusalOf(major) is { } refusal)
        {
            await ErrorAsync(context, refusal.Status, refusal.Code, refusal.Message);
        }
        else
        {
            await AnswerAsync(context, path);
        }
    }

    private Task AnswerAsync(HttpContext context, string[] path) => (context.Request.Method, path) switch
    {
        ("GET", ["users", "@me"]) => JsonAsync(context, discord.Bot.ToJson()),
        ("GET", ["applications", "@me"]) => JsonAsync(
            context, new JsonObject { ["id"] = discord.ApplicationId, ["name"] = "app", ["flags"] = discord.ApplicationFlags }),
        ("GET", ["gateway", "bot"]) => JsonAsync(context, discord.DescribeGateway()),
        ("POST", ["channels", var channel, "messages"]) => PostAsync(context, channel),
        ("GET", ["channels", var channel, "messages"]) => ListAsync(context, channel),
        ("GET", ["channels", var channel, "messages", var message]) => FindAsync(context, channel, message),
        ("PATCH", ["channels", var channel, "messages", var message]) => EditAsync(context, channel, message),
        ("PUT", ["channels", var channel, "messages", var message, "reactions", var emoji, "@me"]) =>
            ReactAsync(context, channel, message, emoji, true),
        ("DELETE", ["channels", var channel, "messages", var message, "reactions", var emoji, "@me"]) =>
            ReactAsync(context, channel, message, emoji, false),
        ("POST", ["channels", var channel, "typing"]) => TypeAsync(context, channel),
        ("POST", ["channels", var channel, "threads"]) => OpenThreadAsync(context, channel),
        ("GET", ["applications", var application, "commands"]) when application == discord.ApplicationId => JsonAsync(context, discord.Interactions.Menu),
        ("PUT", ["applications", var application, "commands"]) when application == discord.ApplicationId => OfferAsync(context),
        ("POST", ["interactions", var id, var token, "callback"]) => AnswerInteractionAsync(context, id, token),
        _ => ErrorAsync(context, 404, 0, "404: Not Found"),
    };

    private async Task PostAsync(HttpContext context, string channelId)
    {
        if (discord.FindChannel(channelId) is not { } channel)
        {
            await ErrorAsync(context, 404, 10003, "Unknown Channel");
            return;
        }

        var form = context.Request.HasFormContentType ? await DiscordUpload.ReadAsync(context) : null;
        if (form is { Fault: { } problem })
        {
            await ErrorAsync(context, problem.Status, problem.Code, problem.Message);
            return;
        }

        if ((form?.Body ?? await ReadAsync<JsonObject>(context, DiscordForm.FaultOfMessage)) is not { } body)
        {
            return;
        }

        var nonce = (bool?)body["enforce_nonce"] == true ? (string?)body["nonce"] : null;
        if (nonce is not null && messages.MadeBefore(nonce) is { } made)
        {
            await JsonAsync(context, made);
            return;
        }

        var replyTo = (string?)body["message_reference"]?["message_id"];
        if (replyTo is not null && messages.Find(replyTo) is null)
        {
            if ((bool?)body["message_reference"]!["fail_if_not_exists"] != false)
            {
                await ErrorAsync(context, 400, 50035, "Unknown message");
                return;
            }

            replyTo = null;
        }

        var files = form?.Files ?? [];
        var message = messages.Write(channel, discord.Bot, (string?)body["content"] ?? "", new()
        {
            ReplyTo = replyTo,
            Files = [.. files.Select(file => new DiscordFile(messages.NextId(), file.Name, file.Content.Length, file.MediaType) { Content = file.Content })],
        });
        if (nonce is not null)
        {
            messages.Keep(nonce, (string)message["id"]!);
        }

        discord.Sent.Message(message, body, files);
        discord.Tell("MESSAGE_CREATE", message);
        await JsonAsync(context, message);
    }

    private async Task EditAsync(HttpContext context, string channel, string id)
    {
        if (await FoundAsync(context, channel, id) is not { } message || await ReadAsync<JsonObject>(context, DiscordForm.FaultOfEdit) is not { } body)
        {
            return;
        }

        if ((string?)message["author"]!["id"] != discord.Bot.Id)
        {
            await ErrorAsync(context, 403, 50005, "Cannot edit a message authored by another user");
            return;
        }

        var changed = messages.Change(id, it =>
        {
            it["content"] = (string)body["content"]!;
            it["edited_timestamp"] = "2026-01-02T03:05:00.000000+00:00";
        })!;
        discord.Sent.Edit(changed, body);
        discord.Tell("MESSAGE_UPDATE", changed);
        await JsonAsync(context, changed);
    }

    private Task ListAsync(HttpContext context, string channel) =>
        discord.FindChannel(channel) is null ? ErrorAsync(context, 404, 10003, "Unknown Channel")
        : !ulong.TryParse(context.Request.Query["after"], out var after)
            || !int.TryParse(context.Request.Query["limit"], out var limit) || limit is < 1 or > 100
            || context.Request.Query.Count != 2 ? ErrorAsync(context, 400, 50035, "Invalid Form Body")
        : JsonAsync(context, messages.After(channel, after, limit));

    private async Task FindAsync(HttpContext context, string channel, string id)
    {
        if (await FoundAsync(context, channel, id) is { } message)
        {
            await JsonAsync(context, message);
        }
    }

    private async Task ReactAsync(HttpContext context, string channel, string id, string emoji, bool added)
    {
        if (await FoundAsync(context, channel, id) is null)
        {
            return;
        }

        messages.Change(id, message =>
        {
            var others = (message["reactions"] as JsonArray ?? []).Where(reaction => (string?)reaction!["emoji"]!["name"] != emoji);
            var reactions = new JsonArray([.. others.Select(reaction => reaction!.DeepClone())]);
            if (added)
            {
                var shown = new JsonObject { ["id"] = null, ["name"] = emoji };
                reactions.Add((JsonNode)new JsonObject { ["count"] = 1, ["me"] = true, ["emoji"] = shown });
            }

            message["reactions"] = reactions;
        });
        discord.Sent.Reaction(new(id, emoji, added));
        context.Response.StatusCode = 204;
    }

    private Task TypeAsync(HttpContext context, string channel)
    {
        if (discord.FindChannel(channel) is null)
        {
            return ErrorAsync(context, 404, 10003, "Unknown Channel");
        }

        discord.Sent.Type(channel);
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private async Task<JsonObject?> FoundAsync(HttpContext context, string channel, string id)
    {
        if (messages.Find(id) is { } message && (string?)message["channel_id"] == channel)
        {
            return message;
        }

        await ErrorAsync(context, 404, 10008, "Unknown Message");
        return null;
    }

    /// <summary>The body, or null after it was refused.</summary>
    private static async Task<T?> ReadAsync<T>(HttpContext context, Func<T, string?> faultOf)
        where T : JsonNode
    {
        var body = context.Request.ContentType == "application/json" ? await ParseAsync(context.Request.Body) as T : null;
        if (body is null)
        {
            await ErrorAsync(context, 400, 50109, "The request body contains invalid JSON.");
        }
        else if (faultOf(body) is { } fault)
        {
            await ErrorAsync(context, 400, fault == "Cannot send an empty message" ? 50006 : 50035, fault);
            return null;
        }

        return body;
    }

    private static async Task<JsonNode?> ParseAsync(Stream body)
    {
        try
        {
            return await JsonNode.ParseAsync(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task FailAsync(HttpContext context, int status)
    {
        if (status == 0)
        {
            context.Abort();
        }
        else
        {
            await TextAsync(context, status, "upstream connect error", "text/plain");
        }
    }

    private static Task JsonAsync(HttpContext context, JsonNode json) => TextAsync(context, 200, json.ToJsonString());

    private static Task ErrorAsync(HttpContext context, int status, int code, string message) =>
        TextAsync(context, status, new JsonObject { ["message"] = message, ["code"] = code }.ToJsonString());

    private static Task TextAsync(HttpContext context, int status, string text, string type = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(text);
    }

    [GeneratedRegex(@"^DiscordBot \(https?://\S+, \S+\)")]
    private static partial Regex UserAgent();
}
