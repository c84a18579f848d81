namespace Cluster.Cli.Events;

/// <summary>A delivery's state in words that claim no more than was proved.</summary>
internal static class DeliveryWords
{
    public static string Explain(string state, string? reason) => state switch
    {
        "held" => "kept back for now",
        "folded" => $"goes with others in {reason?.Replace("into ", "", StringComparison.Ordinal)}",
        "healed" => $"needless: healed {reason} before it was told",
        "queued" => "waits for Claude Code",
        "sent" => "on its way to Claude Code",
        "received" => "reached Claude Code",
        "answered" => "answered",
        "expired" => "expired: it waited too long",
        "dead" => $"will not be delivered: {reason ?? "no reason given"}",
        "filtered" => $"recorded, not delivered: {reason ?? "no reason given"}",
        _ => state,
    };
}
