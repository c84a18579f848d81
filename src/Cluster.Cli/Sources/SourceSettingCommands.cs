using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;

namespace Cluster.Cli.Sources;

/// <summary>What may be changed of a source: <c>cluster source authors</c>, <c>cluster source hosts</c> and <c>cluster source payload</c>.</summary>
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

    public static Command Hosts(NodeOptions node)
    {
        var name = Name();
        var add = HostOption("--add", "Where addresses of the sender begin from now on. May be given more than once.");
        var remove = HostOption("--remove", "Where they do not begin any more. May be given more than once.");
        return new Command("hosts", "Say on which hosts the sender's own addresses stand. Without an option, shows them.") { name, add, remove }.Calls(node, async call =>
        {
            var request = new ChangeHosts { Add = call.Get(add) ?? [], Remove = call.Get(remove) ?? [] };
            call.Show(
                await call.Node.PostAsync($"{Path(call, name)}/hosts", request, ApiJson.Default.ChangeHosts, ApiJson.Default.SourceSettings, call.Ct),
                settings => call.Screen.Line(settings.Hosts is { Count: > 0 } hosts
                    ? $"Trusted are addresses of fixed words and ids on: {string.Join(", ", hosts)}."
                    : "None is named: trusted are addresses on the platform's own hosts, where its kind has such; all others are told as untrusted."));
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

    public static Option<string[]> HostOption(IWebhookSender sender) => HostOption(
        "--host",
        $"Where the sender's own addresses begin, with http:// in front if they do; {(sender.Hosts.Count == 0 ? "without it all are told as untrusted" : $"{string.Join(", ", sender.Hosts)} unless you say otherwise")}. May be given more than once.");

    private static Option<string[]> HostOption(string name, string what) => new(name) { Description = what, HelpName = "HOST" };

    public static Option<string[]> OriginOption() => new("--origin")
    {
        Description = "A name under which the sender may ask by OPTIONS whether it may send (WebHook-Request-Origin). May be given more than once.",
        HelpName = "HOST",
    };

    /// <summary>For the list: <c>2 authors; payloads; addresses on https://ghe.example.com</c>.</summary>
    public static string Shown(SourceSettings? settings) => string.Join("; ", new[]
    {
        settings?.Authors is { Count: > 0 } authors ? $"{authors.Count} author{(authors.Count == 1 ? "" : "s")}" : null,
        settings?.Payload == true ? "payloads" : null,
        settings?.Hosts is { Count: > 0 } hosts ? $"addresses on {string.Join(", ", hosts)}" : null,
    }.OfType<string>().DefaultIfEmpty("-"));

    private static Argument<string> Name() => new("NAME") { Description = "The source's name." };

    private static Option<string[]> Ids(string name, string what) => new(name) { Description = what, HelpName = "ID" };

    private static string Path(ApiCall call, Argument<string> name) => $"api/sources/{Uri.EscapeDataString(call.Get(name)!)}";
}
