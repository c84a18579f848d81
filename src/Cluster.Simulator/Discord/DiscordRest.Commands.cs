using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Cluster.Simulator.Discord;

/// <summary>Commands, interactions and threads.</summary>
internal sealed partial class DiscordRest
{
    private async Task OfferAsync(HttpContext context)
    {
        if (await ReadAsync<JsonArray>(context, DiscordCommandForm.FaultOfMenu) is { } commands)
        {
            discord.Interactions.Keep(commands);
            await JsonAsync(context, discord.Interactions.Menu);
        }
    }

    private async Task AnswerInteractionAsync(HttpContext context, string id, string token)
    {
        if (discord.Interactions.Find(id, token) is not { } kind)
        {
            await ErrorAsync(context, 404, 10062, "Unknown interaction");
        }
        else if (await ReadAsync<JsonObject>(context, body => DiscordCommandForm.FaultOfAnswer(body, kind)) is { } body)
        {
            if (!discord.Interactions.Answer(id))
            {
                await ErrorAsync(context, 400, 40060, "Interaction has already been acknowledged.");
                return;
            }

            if (kind == DiscordInteractionKind.Completion)
            {
                discord.Sent.Choose(new(id, [.. ((JsonArray)body["data"]!["choices"]!).Select(one => ((string)one!["name"]!, (string)one["value"]!))]));
            }
            else
            {
                discord.Sent.Answer(new(id, (string?)body["data"]?["content"] ?? "", (int?)body["data"]?["flags"] ?? 0));
            }

            context.Response.StatusCode = 204;
        }
    }

    private async Task OpenThreadAsync(HttpContext context, string channelId)
    {
        if (discord.FindChannel(channelId) is not { } channel)
        {
            await ErrorAsync(context, 404, 10003, "Unknown Channel");
        }
        else if (channel.Guild is null || channel.Parent is not null)
        {
            await ErrorAsync(context, 400, 50024, "Cannot execute action on this channel type");
        }
        else if (await ReadAsync<JsonObject>(context, DiscordCommandForm.FaultOfThread) is { } body)
        {
            var thread = discord.OpenThread(channel);
            var made = new JsonObject
            {
                ["id"] = thread.Id,
                ["type"] = (int)body["type"]!,
                ["guild_id"] = thread.Guild,
                ["parent_id"] = thread.Parent,
                ["owner_id"] = discord.Bot.Id,
                ["name"] = (string)body["name"]!,
            };
            discord.Sent.Thread(new(thread, (string)body["name"]!, (int)body["type"]!));
            discord.Tell("THREAD_CREATE", made);
            await TextAsync(context, 201, made.ToJsonString());
        }
    }
}
