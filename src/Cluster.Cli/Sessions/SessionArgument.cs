using System.CommandLine;
using Cluster.Cli.Terminal;
using Cluster.Core.Sessions;

namespace Cluster.Cli.Sessions;

/// <summary>How a person names a session: <c>NAME</c> or <c>me/NAME</c> for an own one, <c>OWNER/NAME</c> for any.</summary>
internal static class SessionArgument
{
    public static Argument<string> Create() => new("SESSION") { Description = "NAME of an own session, or OWNER/NAME." };

    public static Option<string> Option(bool required, string description) => new("--session")
    {
        Description = description,
        HelpName = "SESSION",
        Required = required,
    };

    /// <summary>The form that the node resolves, <c>owner/name</c>, with <c>me</c> for the caller.</summary>
    public static string Read(string text) =>
        SessionId.TryParse(text, "me", out var id)
            ? id.ToString()
            : throw new CommandFailure($"'{text}' is no session; write NAME or OWNER/NAME, each {Slug.Expected}.");

    /// <summary>The session's address under the API.</summary>
    public static string Path(string text) => $"api/sessions/{Read(text)}";
}
