using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.Server.Tests.Chats;

/// <summary>A request as those see it who were asked.</summary>
/// <param name="Row">What its buttons name.</param>
/// <param name="RequestId">What words name.</param>
internal sealed record AskedFor(string Row, string RequestId)
{
    /// <summary>The message that brings it, by the actor whose it is.</summary>
    public Dictionary<string, string> Prompts { get; } = [];

    /// <summary>Others name the owner's, wherever they are.</summary>
    public string PromptOf(string actor) => Prompts.GetValueOrDefault(actor) ?? Prompts["owner"];
}

/// <summary>The actors of the table of verdicts at one platform, and how each does what.</summary>
internal abstract class VerdictTeller : IAsyncDisposable
{
    /// <summary>Those who are persons of their own: with a direct chat, as far as they are known.</summary>
    public static readonly string[] People = ["owner", "approver", "talker", "watcher", "stranger", "revoked", "foreign", "member", "admin"];

    private int _id;

    /// <summary>As allowlists name them.</summary>
    public abstract string IdentityOf(string actor);

    /// <summary>An actor sends the code of their own terminal.</summary>
    /// <param name="node">The node.</param>
    /// <param name="actor">Who.</param>
    /// <param name="token">The terminal's; null for the admin's.</param>
    public async Task PairAsync(NodeHost node, string actor, string? token)
    {
        Say(actor, await ChatTeam.CodeAsync(node, token));
        await AnsweredAsync(actor, "You are paired");
    }

    /// <summary>Writes into the actor's own chat.</summary>
    public abstract void Say(string actor, string text);

    /// <summary>Waits for a message in the actor's own chat that holds these words.</summary>
    /// <returns>Its id.</returns>
    public abstract Task<string> AnsweredAsync(string actor, string words);

    /// <summary>Waits until a node that was started again hears.</summary>
    public abstract Task BackAsync();

    /// <summary>The platform tells what an actor does about a request.</summary>
    public void Tell(string actor, string way, AskedFor request)
    {
        switch (way)
        {
            case "button":
                TellPress(actor, request.PromptOf(actor), $"v:{request.Row}:allow");
                break;
            case "text":
                TellMessage(actor, $"yes {request.RequestId}", null, edited: false);
                break;
            case "reply":
                TellMessage(actor, "yes", request.PromptOf(actor), edited: false);
                break;
            case "reaction":
                TellReaction(actor, request.PromptOf(actor));
                break;
            case "edited":
                TellMessage(actor, $"yes {request.RequestId}", null, edited: true);
                TellMessage(actor, "yes", request.PromptOf(actor), edited: true);
                break;
            default:
                TellMessage(actor, $"/allow {request.RequestId}", null, edited: false);
                break;
        }
    }

    public abstract ValueTask DisposeAsync();

    protected abstract void TellPress(string actor, string message, string data);

    protected abstract void TellMessage(string actor, string text, string? answers, bool edited);

    protected abstract void TellReaction(string actor, string message);

    protected long NextId() => 1_500_000_000_000_000_000 + ++_id;

    protected static bool InGroup(string actor) => actor is "member" or "admin" or "bot" or "channel";

    protected static JsonObject With(JsonObject json, string name, JsonNode? value)
    {
        json[name] = value;
        return json;
    }
}
