using System.CommandLine;
using System.Net;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Sources;

/// <summary>Who is listed on a source, so that its owner's routes may reach their sessions.</summary>
internal static class SourceOwnerCommands
{
    public static Command Owners(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The source's name." };
        var add = new Option<string>("--add") { Description = "List somebody: routes reach their sessions once they have accepted.", HelpName = "PERSON" };
        var remove = new Option<string>("--remove") { Description = "Take somebody off the list, at once.", HelpName = "PERSON" };
        var command = new Command("owners", "Show or change who is listed on a source of yours.") { name, add, remove };
        command.Validators.Add(result =>
        {
            if (result.GetValue(add) is not null && result.GetValue(remove) is not null)
            {
                result.AddError("Give --add or --remove, not both.");
            }
        });
        return command.Calls(node, async call =>
        {
            var source = call.Get(name);
            if (call.Get(add) is { } added)
            {
                await call.Node.SendAsync(HttpMethod.Put, Path(source, $"owners/{Uri.EscapeDataString(added)}"), null, call.Ct);
                call.Screen.Line($"{added} is listed on {source}, and counts after saying: cluster source accept {source}");
                return;
            }

            if (call.Get(remove) is { } removed)
            {
                await call.Node.SendAsync(HttpMethod.Delete, Path(source, $"owners/{Uri.EscapeDataString(removed)}"), null, call.Ct);
                call.Screen.Line($"{removed} is off the list of {source}; its events reach none of their sessions any more.");
                return;
            }

            var sources = await call.Node.GetAsync("api/sources", ApiJson.Default.IReadOnlyListSourceInfo, call.Ct);
            if (sources.Value.FirstOrDefault(one => one.Name == source) is not { } found)
            {
                throw new CommandFailure($"You have no source '{source}'. See: cluster source list.");
            }

            call.Screen.Table(
                $"Nobody but {found.Owner} is listed on {source}; `cluster source owners {source} --add PERSON` lists somebody.",
                ["PERSON", "LISTED", "ACCEPTED"],
                found.Owners.Select(owner => (string[])
                [
                    owner.Principal, Screen.Time(owner.InvitedAt), owner.AcceptedAt is { } at ? Screen.Time(at) : "not yet",
                ]));
        });
    }

    public static Command Accept(NodeOptions node) => Act(
        node, "accept", "Let the routes of a source's owner send its events to your sessions.",
        name => $"You accepted {name}: its owner's routes may send its events to your sessions, and its owner sees which of them work on their repository. `cluster source leave {name}` ends that.");

    public static Command Leave(NodeOptions node) => Act(
        node, "leave", "Take yourself off a source's list, at once.", name => $"You left {name}; its events reach none of your sessions any more.");

    /// <summary>The sources of others on which the caller is listed, if there are any.</summary>
    public static async Task ShowListingsAsync(ApiCall call)
    {
        foreach (var one in await ListedAsync(call))
        {
            call.Screen.Line(one.AcceptedAt is { } at
                ? $"You are listed on {one.Source} ({one.Kind}, of {one.Owner}) and accepted {Screen.Time(at)}. To end it: cluster source leave {one.Source}"
                : $"{one.Owner} lists you on {one.Source} ({one.Kind}). To get its events: cluster source accept {one.Source}; to be off the list: cluster source leave {one.Source}");
        }
    }

    // A node of an older version knows no lists.
    private static async Task<IReadOnlyList<SourceListing>> ListedAsync(ApiCall call)
    {
        try
        {
            return (await call.Node.GetAsync("api/sources/listed", ApiJson.Default.IReadOnlyListSourceListing, call.Ct)).Value;
        }
        catch (CommandFailure e) when (e.Status == HttpStatusCode.NotFound)
        {
            return [];
        }
    }

    public static string Short(SourceInfo source) => source.Owners.Count == 0
        ? "-"
        : string.Join(", ", source.Owners.Select(owner => owner.AcceptedAt is null ? $"{owner.Principal} (not accepted)" : owner.Principal));

    private static Command Act(NodeOptions node, string verb, string description, Func<string, string> done)
    {
        var name = new Argument<string>("NAME") { Description = "The source's name, as `cluster source list` shows it." };
        var command = new Command(verb, description) { name };
        command.SetAction(async (parsed, ct) =>
        {
            using var client = new NodeClient(node.Locator(parsed).Require(), TimeProvider.System);
            await client.SendAsync(HttpMethod.Post, Path(parsed.GetRequiredValue(name), verb), null, ct);
            new Screen(parsed.InvocationConfiguration.Output).Line(done(parsed.GetRequiredValue(name)));
            return 0;
        });
        return command;
    }

    private static string Path(string source, string rest) => $"api/sources/{Uri.EscapeDataString(source)}/{rest}";
}
