using System.Text.Json.Nodes;

namespace Cluster.Simulator.Telegram;

/// <summary>An answer of the Bot API: a result, or an error with its description.</summary>
internal sealed record Answer(int Status, JsonNode? Result, string? Description = null, int? RetryAfter = null)
{
    public static Answer True { get; } = new(200, null);

    /// <summary>A result as text, which nothing has looked at.</summary>
    public string? Raw { get; init; }

    public string ToJson()
    {
        if (Raw is not null)
        {
            return $$"""{"ok":true,"result":{{Raw}}}""";
        }

        var json = new JsonObject { ["ok"] = Status == 200 };
        if (Status == 200)
        {
            json["result"] = Result ?? JsonValue.Create(true);
            return json.ToJsonString();
        }

        json["error_code"] = Status;
        json["description"] = Description;
        if (RetryAfter is { } seconds)
        {
            json["parameters"] = new JsonObject { ["retry_after"] = seconds };
        }

        return json.ToJsonString();
    }
}

/// <summary>A request that the Bot API refuses.</summary>
internal sealed class RefusedException(int status, string description, int? retryAfter = null) : Exception(description)
{
    public Answer Answer { get; } = new(status, null, description, retryAfter);

    public static RefusedException Bad(string what) => new(400, $"Bad Request: {what}");

    public static RefusedException TooMany(int seconds) => new(429, $"Too Many Requests: retry after {seconds}", seconds);
}
