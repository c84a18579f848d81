using Cluster.Core.Events;
using Cluster.Core.Permissions;
using Cluster.Core.Sessions;

namespace Cluster.Storage.Chats;

/// <summary>A permission request in words for a chat.</summary>
internal static class PromptText
{
    private const int MostShown = 1_500; // characters of the arguments
    private const int AroundBlock = 16; // fences, lines' ends, what stands around a name

    /// <summary>Everything that the model wrote stands in code blocks, a command first, with what hides or steers made visible, so that nothing
    /// in it ends a block; what does not fit is said to be missing.</summary>
    public static string Open(SessionId session, string requestId, string tool, string preview)
    {
        var input = ShownInput.Read(tool, preview);
        var (shown, left) = Blocks(input, MostShown);
        var cut = left > 0 ? $"\n**Cut: {left} more characters.**" : "";
        var how = IsCut(input)
            ? $"Press *See more* before you allow it: *Allow* stands under all of it. To deny it, press *Deny*, answer this message with `no`, or write `no {requestId}`."
            : Answer(requestId);
        return $"{Code(session.ToString())} asks to use {Code(HostileText.Reveal(tool))}\n{shown}{cut}{Missing(input)}\n{how}";
    }

    /// <summary>Whether <see cref="Open"/> does not show all of the arguments. What is longer as it came counts as well, since that is how older
    /// versions cut.</summary>
    public static bool Cuts(string tool, string preview) => IsCut(ShownInput.Read(tool, preview));

    /// <summary>All of the arguments.</summary>
    public static string Whole(SessionId session, string requestId, string tool, string preview)
    {
        var input = ShownInput.Read(tool, preview);
        return $"""
            {Code(session.ToString())} asks to use {Code(HostileText.Reveal(tool))} (`{requestId}`) with all of this:
            {Blocks(input, int.MaxValue).Text}{Missing(input)}
            {Answer(requestId)}
            """;
    }

    public static string Over(ShownStates.Change request) =>
        $"{Code(request.Session.ToString())} asked to use {Code(request.Tool!)}: {request.State switch
        {
            "decided" => $"**{Verdict(request)}** by {Code(request.By ?? "")}; on its way to Claude Code.",
            "relayed" => $"**{Verdict(request)}** by {Code(request.By ?? "")}; it reached Claude Code.",
            "expired" => $"**expired**, {request.Reason ?? "nobody answered in time"}. Claude Code still asks in its terminal.",
            _ => $"**closed**, {request.Reason ?? "the client that asked is gone"}.",
        }}";

    private static bool IsCut(ShownInput input) => input.Raw.Length > MostShown || Blocks(input, MostShown).Left > 0;

    private static string Answer(string requestId) =>
        $"Answer with a button, or this message with `yes` or `no`, or write `yes {requestId}` / `no {requestId}`.";

    private static string Missing(ShownInput input) => input.Missing is { } missing ? $"\n**{missing}**" : "";

    // As much of the arguments as there is room for, and how many characters are left.
    private static (string Text, int Left) Blocks(ShownInput input, int room)
    {
        if (input.Arguments.Count == 0)
        {
            var raw = HostileText.Page(input.Raw, 0, room);
            return (Block(raw), input.Raw.Length - raw.Length);
        }

        var (blocks, left) = (new List<string>(), 0);
        foreach (var (name, text, _) in input.Arguments)
        {
            room -= name.Length + AroundBlock;
            if (room <= 0)
            {
                left += name.Length + text.Length;
                continue;
            }

            var part = HostileText.Page(text, 0, room);
            room -= part.Length;
            left += text.Length - part.Length;
            blocks.Add($"{Code(name)}:\n{Block(part)}");
        }

        return (string.Join('\n', blocks), left);
    }

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
