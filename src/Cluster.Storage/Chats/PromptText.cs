using Cluster.Core.Events;
using Cluster.Core.Sessions;

namespace Cluster.Storage.Chats;

/// <summary>A permission request in words for a chat.</summary>
internal static class PromptText
{
    private const int MostShown = 1_500; // characters of the arguments

    /// <summary>Everything that the model wrote stands in a code block, with what hides or steers made visible first, so that nothing in it
    /// ends the block; what does not fit is said to be missing.</summary>
    public static string Open(SessionId session, string requestId, string tool, string preview)
    {
        preview = HostileText.Reveal(preview);
        var shown = IsCut(preview) ? preview[..MostShown] : preview;
        var cut = preview.Length > shown.Length ? $"\n**Cut: {preview.Length - shown.Length} more characters. See more before you allow it.**" : "";
        return $"""
            {Code(session.ToString())} asks to use {Code(HostileText.Reveal(tool))}
            {Block(shown)}{cut}
            Answer with a button, or this message with `yes` or `no`, or write `yes {requestId}` / `no {requestId}`.
            """;
    }

    /// <summary>Whether <see cref="Open"/> leaves something of the arguments out.</summary>
    public static bool Cuts(string preview) => IsCut(HostileText.Reveal(preview));

    /// <summary>All of the arguments.</summary>
    public static string Whole(SessionId session, string requestId, string tool, string preview) => $"""
        {Code(session.ToString())} asks to use {Code(HostileText.Reveal(tool))} (`{requestId}`) with all of this:
        {Block(HostileText.Reveal(preview))}
        """;

    public static string Over(ShownStates.Change request) =>
        $"{Code(request.Session.ToString())} asked to use {Code(request.Tool!)}: {request.State switch
        {
            "decided" => $"**{Verdict(request)}** by {Code(request.By ?? "")}; on its way to Claude Code.",
            "relayed" => $"**{Verdict(request)}** by {Code(request.By ?? "")}; it reached Claude Code.",
            "expired" => $"**expired**, {request.Reason ?? "nobody answered in time"}. Claude Code still asks in its terminal.",
            _ => $"**closed**, {request.Reason ?? "the client that asked is gone"}.",
        }}";

    private static bool IsCut(string revealed) => revealed.Length > MostShown;

    private static string Block(string text)
    {
        var fence = "```";
        while (text.Contains(fence, StringComparison.Ordinal))
        {
            fence += "`";
        }

        return $"{fence}\n{text}\n{fence}";
    }

    private static string Verdict(ShownStates.Change request) => request.Behavior == "allow" ? "allowed" : "denied";

    // A name in a code span: nothing in it is formatting.
    public static string Code(string text) => $"`{text.Replace('`', '\'').ReplaceLineEndings(" ")}`";
}
