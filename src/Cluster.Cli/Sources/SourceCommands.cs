using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Sources;

/// <summary><c>cluster source</c>: webhooks that wake a session.</summary>
internal static class SourceCommands
{
    public static Command Create(NodeOptions node) => new("source", "Webhooks that wake a session.")
    {
        new Command("add", "Make a webhook source.") { AddGitHub(node) },
        List(node),
        Remove(node),
    };

    private static Command AddGitHub(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The source's name." };
        var session = SessionArgument.Option(required: true, "The session that its events go to.");
        var playbook = new Option<string>("--playbook") { Description = "Your standing instruction for its events.", HelpName = "TEXT" };
        var file = new Option<string>("--playbook-file") { Description = "A file with that instruction.", HelpName = "FILE" };
        var command = new Command("github", "A repository or organization at GitHub.") { name, session, playbook, file };
        command.Validators.Add(result =>
        {
            if (result.GetValue(playbook) is not null && result.GetValue(file) is not null)
            {
                result.AddError("Give --playbook or --playbook-file, not both.");
            }
        });

        return command.Calls(node, async call =>
        {
            var text = call.Get(file) is { } path ? await File.ReadAllTextAsync(path, call.Ct) : call.Get(playbook);
            var request = new AddSource { Kind = "github", Name = call.Get(name), Session = SessionArgument.Read(call.Get(session)!), Playbook = text };
            call.Show(
                await call.Node.PostAsync("api/sources", request, ApiJson.Default.AddSource, ApiJson.Default.NewSource, call.Ct),
                source =>
                {
                    call.Screen.Line($"Source {source.Name} is ready. At GitHub, under Settings, Webhooks, Add webhook:");
                    call.Screen.Line($"  Payload URL   {source.Url}");
                    call.Screen.Line("  Content type  application/json");
                    call.Screen.Line($"  Secret        {source.Secret}");
                    call.Screen.Line("and choose the events, such as check runs and workflow runs. The secret is shown this once.");
                });
        });
    }

    private static Command List(NodeOptions node) =>
        new Command("list", "List your sources; their secrets are not shown again.").Calls(node, async call =>
            call.Show(
                await call.Node.GetAsync("api/sources", ApiJson.Default.IReadOnlyListSourceInfo, call.Ct),
                sources => call.Screen.Table(
                    "No sources yet; `cluster source add github NAME --session SESSION` makes one.",
                    ["NAME", "KIND", "OWNER", "SESSION", "SINCE", "PLAYBOOK"],
                    sources.Select(source => (string[])
                    [
                        source.Name, source.Kind, source.Owner, source.Session, Screen.Time(source.CreatedAt),
                        source.Playbook.Length <= 60 ? source.Playbook : source.Playbook[..59] + "…",
                    ]))));

    private static Command Remove(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The source's name." };
        var command = new Command("remove", "Remove a source: its URL stops working at once.") { name };
        command.SetAction(async (parsed, ct) =>
        {
            using var client = new NodeClient(node.Locator(parsed).Require(), TimeProvider.System);
            await client.SendAsync(HttpMethod.Delete, $"api/sources/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}", null, ct);
            new Screen(parsed.InvocationConfiguration.Output).Line($"Source {parsed.GetRequiredValue(name)} is removed; remove its webhook at GitHub too.");
            return 0;
        });

        return command;
    }
}
