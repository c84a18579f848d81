using Cluster.Chat;

namespace Cluster.Server.Chats;

/// <summary>The commands that people find in the menu of a platform that has one. Each is what <see cref="ChatCommands"/> obeys as a line of
/// text, but for <see cref="Tell"/>, which a line says by <c>@NAME text</c>, and for <see cref="Cancel"/>, which there answers a message. None
/// of them decides a permission request.</summary>
internal static class CommandMenu
{
    public const string Tell = "tell";
    public const string Cancel = "cancel";

    private const string Session = "session";
    private const string Text = "text";

    public static IReadOnlyList<MenuCommand> All { get; } =
    [
        new("sessions", "Your sessions and whether they run"),
        new("use", "Choose the session that your messages go to") { Arguments = [OfSession("The session")] },
        new(Tell, "Say something to a session")
        {
            Arguments = [OfSession("The session"), new(Text, "What you want to say to it") { Required = true }],
        },
        new("status", "Where your messages go, and what waits"),
        new("who", "Who I think you are"),
        new("mute", "Hear no notifications for a while")
        {
            Arguments = [new("time", "For how long, such as 30m or 2h; off ends it") { Required = true }],
        },
        new("bind", "Let what is said here go to a session of yours")
        {
            Arguments = [OfSession("Your session"), new("all", "Also what is not said to me") { Switch = true }],
        },
        new("unbind", "End that"),
        new("new-thread", "Open a thread here for a session of yours") { Arguments = [OfSession("Your session")] },
        new(Cancel, "Take back your last message here, if it still waits"),
        new("help", "What I can do"),
    ];

    /// <summary>Whether a command takes only sessions of one's own; null for one that takes none, or is none.</summary>
    public static bool? WantsOwn(string command) => command switch
    {
        "use" or Tell => false,
        "bind" or "new-thread" => true,
        _ => null,
    };

    /// <summary>What was filled in, as a line of text has it behind the command.</summary>
    public static string Line(ChatUpdate.Command command) => string.Join(
        ' ',
        (All.FirstOrDefault(one => one.Name == command.Name)?.Arguments ?? [])
            .Select(argument => command.Arguments.GetValueOrDefault(argument.Name)?.Trim())
            .Where(value => value is { Length: > 0 }));

    public static (string Session, string Text) Told(ChatUpdate.Command command) =>
        (command.Arguments.GetValueOrDefault(Session, "").Trim(), command.Arguments.GetValueOrDefault(Text, ""));

    private static MenuArgument OfSession(string description) => new(Session, description) { Required = true, Completes = true };
}
