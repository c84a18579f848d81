using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;

namespace Cluster.Cli.Sources;

/// <summary>What may be changed of a source: <c>cluster source authors</c> and <c>cluster source payload</c>.</summary>
internal static class SourceSettingCommands
{
    public static Command Authors(NodeOptions node)
    {
        var name = Name();
        var add = Ids("--add", "The id at the sender of a person whose words shall come along as a member's; never a name. May be given more than once.");
        var remove = Ids("--remove", "The id of a person whose words shall not come along any more, from now on. May be given more than once.");
        return new Command("authors", "Say whose words count as a member's, by their ids at the sender. Without an option, shows the ids.") { name, add, remove }.Calls(node, async call =>
        {
            var request = new ChangeAuthors { Add = call.Get(add) ?? [], Remove = call.Get(remove) ?? [] };
            call.Show(
                await call.Node.PostAsync($"{Path(call, name)}/authors", request, ApiJson.Default.ChangeAuthors, ApiJson.Default.SourceSettings, call.Ct),
                settings => call.Screen.Line(settings.Authors is { Count: > 0 } authors
                    ? $"The words of these people count as members': {string.Join(", ", authors)}."
                    : "Nobody is listed; only the words of those whom the sender itself proves to be members come along."));
        });
    }

    public static Command Payload(NodeOptions node)
    {
        var name = Name();
        var to = new Argument<string>("on|off") { Description = "on: Claude may fetch whole payloads of this source, though strangers may have written in them." };
        to.AcceptOnlyFromAmong("on", "off");
        return new Command("payload", "Let Claude fetch whole payloads of a source, or no longer.") { name, to }.Calls(node, async call =>
            call.Show(
                await call.Node.PostAsync(
                    $"{Path(call, name)}/payload", new OpenPayload { Open = call.Get(to) == "on" }, ApiJson.Default.OpenPayload, ApiJson.Default.SourceSettings, call.Ct),
                settings => call.Screen.Line(settings.Payload
                    ? "Claude may fetch whole payloads of the events that come from now on, though strangers may have written in them."
                    : "Claude may fetch payloads only where all who wrote in them are members.")));
    }

    public static Option<string[]> AuthorOption() =>
        Ids("--author", "The id at the sender of a person whose words come along as a member's; never a name. May be given more than once.");

    public static Option<string[]> OriginOption() => new("--origin")
    {
        Description = "A name under which the sender may ask by OPTIONS whether it may send (WebHook-Request-Origin). May be given more than once.",
        HelpName = "HOST",
    };

    /// <summary>For the list: <c>2 authors; payloads</c>.</summary>
    public static string Shown(SourceSettings? settings) => string.Join("; ", new[]
    {
        settings?.Authors is { Count: > 0 } authors ? $"{authors.Count} author{(authors.Count == 1 ? "" : "s")}" : null,
        settings?.Payload == true ? "payloads" : null,
    }.OfType<string>().DefaultIfEmpty("-"));

    private static Argument<string> Name() => new("NAME") { Description = "The source's name." };

    private static Option<string[]> Ids(string name, string what) => new(name) { Description = what, HelpName = "ID" };

    private static string Path(ApiCall call, Argument<string> name) => $"api/sources/{Uri.EscapeDataString(call.Get(name)!)}";
}
