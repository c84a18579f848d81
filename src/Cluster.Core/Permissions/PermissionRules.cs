using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Cluster.Core.Access;
using Cluster.Core.Api;

namespace Cluster.Core.Permissions;

/// <summary>How far a permission request has come.</summary>
public enum PermissionState
{
    Open,

    /// <summary>An approver has answered; the verdict is on its way.</summary>
    Decided,

    /// <summary>The client process has read the verdict. Whether it applied it, nobody can know.</summary>
    Relayed,

    /// <summary>Nobody answered in time, or the verdict did not arrive in time.</summary>
    Expired,

    /// <summary>The client that asked is gone, or the verdict was taken back.</summary>
    Closed,
}

/// <summary>What became of a verdict.</summary>
public enum VerdictOutcome
{
    Accepted,

    /// <summary>No such request, or not one that this person may see.</summary>
    Unknown,

    /// <summary>Somebody was first.</summary>
    AlreadyDecided,

    Expired,

    /// <summary>The client that asked is gone.</summary>
    Closed,

    /// <summary>The person was shown something else than this request.</summary>
    OtherInput,

    /// <summary>Not all of its arguments have reached the chat of the person who allows it.</summary>
    NotShown,
}

/// <summary>Who may answer Claude Code's relayed tool prompts, and when.</summary>
public static partial class PermissionRules
{
    /// <summary>Claude Code's own form of an id: five letters of a-z without l.</summary>
    public static bool IsRequestId(string? text) => text is not null && RequestId().IsMatch(text);

    /// <summary>The one judgement on a verdict, made inside the turn that writes it.</summary>
    public static VerdictOutcome Judge(PermissionState state, DateTimeOffset expiresAt, AccessList access, Identity who, DateTimeOffset now)
    {
        if (!access.May(who, Act.Approve))
        {
            return VerdictOutcome.Unknown;
        }

        return state switch
        {
            PermissionState.Open when now >= expiresAt => VerdictOutcome.Expired,
            PermissionState.Open => VerdictOutcome.Accepted,
            PermissionState.Decided or PermissionState.Relayed => VerdictOutcome.AlreadyDecided,
            PermissionState.Expired => VerdictOutcome.Expired,
            _ => VerdictOutcome.Closed,
        };
    }

    /// <summary>What a person is shown of a request, in one value: a verdict that carries it decides on nothing else.</summary>
    public static string Fingerprint(PermissionInfo request) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\0', request.Id, request.Session, request.RequestId, request.ToolName, request.Description, request.InputPreview))));

    [GeneratedRegex(@"\A[a-km-z]{5}\z")]
    private static partial Regex RequestId();
}
