using System.Text.Json;

namespace Cluster.Core.Webhooks.GitHub;

/// <summary>Which bodies GitHub may send once more for another event (GitHub Docs: webhook events and payloads). Most tell when their subject changed, or
/// which commit it is about, so that an equal body is the same event. Some have nothing of that: a dispatch that is asked for twice, a member who is added,
/// removed and added again, a button that is pressed twice. They are told apart by the delivery's id alone. That is not signed: whoever captured such
/// a delivery, with its signature, may send it again under another id after ten seconds. To lose what people ask for twice would be worse.
/// The body decides, which is signed; the event's name stands in a header, and is not.</summary>
internal static class GitHubRepeats
{
    // What stands beside an event in any body, and what its author put in: neither tells it from the next one.
    private static readonly string[] Beside = ["repository", "organization", "enterprise", "installation", "sender", "client_payload", "inputs"];

    public static bool MayRecur(PayloadFields f) =>
        IsAskedForAgain(f) || !f.Root.EnumerateObject().Any(field => Array.IndexOf(Beside, PayloadFields.Name(field)) < 0 && Tells(field));

    // The check stays as it was.
    private static bool IsAskedForAgain(PayloadFields f) =>
        f.Text("action") is "rerequested" or "requested_action" && (f.Has("check_run") || f.Has("check_suite"));

    private static bool Tells(JsonProperty field) => field.Value.ValueKind switch
    {
        JsonValueKind.Object => field.Value.EnumerateObject().Any(Tells),
        JsonValueKind.Array => field.Value.EnumerateArray().Any(item => item.ValueKind == JsonValueKind.Object && item.EnumerateObject().Any(Tells)),
        JsonValueKind.String or JsonValueKind.Number => IsTime(PayloadFields.Name(field)) || IsCommit(PayloadFields.Name(field)),
        _ => false,
    };

    // When a thing was made stays the same, whatever becomes of it.
    private static bool IsTime(string name) => name == "timestamp" || (name.EndsWith("_at", StringComparison.Ordinal) && name != "created_at");

    // A push, and a branch that is made or removed (ref_type), changes pushed_at of the repository beside it.
    private static bool IsCommit(string name) => name is "after" or "ref_type" || name.EndsWith("sha", StringComparison.Ordinal);
}
