using Cluster.Core.Api;
using Cluster.Core.Events;

namespace Cluster.Server.Pages;

/// <summary>States in words that claim no more than was proved.</summary>
internal static class Words
{
    /// <summary>A delivery's state, as its sender reads it.</summary>
    public static string Delivery(string? state, string? reason) => state switch
    {
        "held" => "kept back for now",
        "folded" => $"goes with others in {HostileText.Clean(reason ?? "").Replace("into ", "", StringComparison.Ordinal)}",
        "healed" => $"needless: healed {HostileText.Clean(reason ?? "")} before it was told",
        "queued" => "waits",
        "sent" => "sent, not confirmed",
        "received" => "reached Claude Code",
        "answered" => "answered",
        "expired" => "expired: it waited too long",
        "dead" or "refused" => $"not delivered: {Reason(reason)}",
        "filtered" => $"recorded, not passed on: {Reason(reason)}",
        _ => HostileText.Clean(state ?? ""),
    };

    /// <summary>A state's colour: <c>good</c>, <c>waiting</c>, <c>bad</c> or <c>plain</c>.</summary>
    public static string Tone(string? state) => state switch
    {
        "answered" or "relayed" => "good",
        "received" => "plain",
        "held" or "queued" or "sent" or "open" or "decided" => "waiting",
        "dead" or "expired" or "refused" => "bad",
        _ => "plain",
    };

    /// <summary>A permission request's state. Whether Claude Code has applied a verdict, nobody can know.</summary>
    public static string Permission(PermissionInfo request) => request.State switch
    {
        "open" => "waits for an answer",
        "decided" => $"{Verdict(request)}, on its way",
        "relayed" => $"{Verdict(request)}, reached Claude Code",
        "expired" when request.Behavior is not null => $"{Verdict(request)}, but expired: {Reason(request.Reason)}",
        "expired" => $"expired: {Reason(request.Reason ?? "nobody answered in time")}",
        _ when request.Behavior is not null => $"{Verdict(request)}, but closed: {Reason(request.Reason)}",
        _ => $"closed: {Reason(request.Reason ?? "the client that asked is gone")}",
    };

    public static string Who(string identity) => HostileText.Reveal(identity);

    private static string Verdict(PermissionInfo request) =>
        $"{(request.Behavior == "allow" ? "allowed" : "denied")} by {Who(request.DecidedBy ?? "somebody")}";

    private static string Reason(string? reason) => reason switch
    {
        null or "" => "no reason was recorded",
        DeliveryRules.Revoked => "its sender's right was revoked",
        DeliveryRules.Cancelled => "cancelled",
        DeliveryRules.Superseded => "the client that asked is gone",
        DeliveryRules.Escalated => "not received in time; passed on to another session",
        _ => HostileText.Clean(reason),
    };
}
