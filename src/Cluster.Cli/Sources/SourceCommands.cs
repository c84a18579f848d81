using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Terminal;
using Cluster.Core;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Facts;

namespace Cluster.Cli.Sources;

/// <summary><c>cluster source</c>: webhooks that wake a session.</summary>
internal static class SourceCommands
{
    public static Command Create(NodeOptions node) => new("source", "Webhooks that wake a session.")
    {
        AddAny(node),
        List(node),
        Rotate(node),
        Test(node),
        SourceSettingCommands.Authors(node),
        SourceSettingCommands.Hosts(node),
        SourceSettingCommands.Payload(node),
        CatchUpCommand.Create(node),
        Remove(node),
        SourceOwnerCommands.Owners(node),
        SourceOwnerCommands.Accept(node),
        SourceOwnerCommands.Leave(node),
    };

    private static Command AddAny(NodeOptions node)
    {
        var add = new Command("add", "Make a webhook source. Prints its URL, its secret once, and what to do at the sender.");
        foreach (var sender in WebhookSenders.All)
        {
            add.Add(Add(node, sender));
        }

        return add;
    }

    private static Command Add(NodeOptions node, IWebhookSender sender)
    {
        var name = new Argument<string>("NAME") { Description = "The source's name." };
        var session = SessionArgument.Option(required: true, "The session that its events go to.");
        var playbook = new Option<string>("--playbook") { Description = "Your standing instruction for its events.", HelpName = "TEXT" };
        var file = new Option<string>("--playbook-file") { Description = "A file with that instruction.", HelpName = "FILE" };
        var secret = SecretFile();
        var mode = new Option<string>("--mode") { Description = $"How its deliveries are proved; {string.Join(" or ", sender.Modes)}; the first unless you say otherwise." };
        var pointers = GenericPointers.Create();
        var payload = new Option<bool>("--payload") { Description = "Claude may fetch whole payloads of this source, though strangers may have written in them." };
        var authors = SourceSettingCommands.AuthorOption();
        var command = new Command(sender.Kind, sender.Title) { name, session, playbook, file, secret, payload };
        var origins = SourceSettingCommands.OriginOption();
        var hosts = SourceSettingCommands.HostOption(sender);
        if (sender.Authors is not null)
        {
            command.Add(authors);
        }

        if (FactTable.HasLinks(sender))
        {
            command.Add(hosts);
        }

        if (sender.HasOrigins)
        {
            command.Add(origins);
        }

        if (sender.Modes.Count > 0)
        {
            mode.AcceptOnlyFromAmong([.. sender.Modes]);
            command.Add(mode);
        }

        if (sender.Kind == GenericPointers.Kind)
        {
            pointers.AddTo(command);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(playbook) is not null && result.GetValue(file) is not null)
            {
                result.AddError("Give --playbook or --playbook-file, not both.");
            }
        });

        return command.Calls(node, async call =>
        {
            var settings = sender.Kind == GenericPointers.Kind ? pointers.Read(call)
                : call.Parsed.GetResult(mode) is not null ? new SourceSettings { Mode = call.Get(mode) } : SourceSettings.None;
            settings = settings with
            {
                Payload = call.Get(payload),
                Authors = call.Parsed.GetResult(authors) is not null && call.Get(authors) is { Length: > 0 } ids ? ids : null,
                Hosts = call.Parsed.GetResult(hosts) is not null && call.Get(hosts) is { Length: > 0 } own ? own : null,
                Origins = call.Parsed.GetResult(origins) is not null && call.Get(origins) is { Length: > 0 } names ? names : null,
            };
            var request = new AddSource
            {
                Kind = sender.Kind,
                Name = call.Get(name),
                Session = SessionArgument.Read(call.Get(session)!),
                Playbook = call.Get(file) is { } path ? await ReadAsync(path, call.Ct) : call.Get(playbook),
                Settings = settings == SourceSettings.None ? null : settings,
                Secret = call.Get(secret) is { } secretPath ? (await ReadAsync(secretPath, call.Ct)).Trim() : null,
            };
            call.Show(
                await call.Node.PostAsync("api/sources", request, ApiJson.Default.AddSource, ApiJson.Default.NewSource, call.Ct),
                source =>
                {
                    call.Screen.Line($"Source {source.Name} is ready. {(sender.MakesSecret(settings) && request.Secret is null ? "It takes nothing until you have given it the sender's secret." : "")}".TrimEnd());
                    ShowSteps(call, sender, source);
                });
        });
    }

    private static Command Rotate(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The source's name." };
        var keep = new Option<string>("--keep-old")
        {
            Description = "How long the present secret stays good, such as 30m, 24h or 7d; 0 ends it at once.",
            HelpName = "TIME",
            DefaultValueFactory = _ => "24h",
        };
        var secret = SecretFile();
        return new Command("rotate", "Give a source a new secret; the old one stays good for a while.") { name, keep, secret }.Calls(node, async call =>
        {
            var request = new RotateSecret
            {
                KeepOldHours = Duration.Read(call.Get(keep)!)?.TotalHours ?? throw new CommandFailure($"'{call.Get(keep)}' is no time; write 0, 30m, 24h or 7d."),
                Secret = call.Get(secret) is { } path ? (await ReadAsync(path, call.Ct)).Trim() : null,
            };
            call.Show(
                await call.Node.PostAsync(
                    $"api/sources/{Uri.EscapeDataString(call.Get(name))}/secret", request, ApiJson.Default.RotateSecret, ApiJson.Default.NewSource, call.Ct),
                source =>
                {
                    call.Screen.Line($"Source {source.Name} has a new secret. {(source.OldUntil is { } until ? $"The one before it is good until {Screen.Time(until)}." : "No other one is good any more.")}");
                    if (source.Secret is not null && WebhookSenders.Find(source.Kind) is { } sender)
                    {
                        ShowSteps(call, sender, source);
                    }
                });
        });
    }

    private static Command Test(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The source's name." };
        return new Command("test", "Send a real sample through the source's URL and show what becomes of it. The session gets it.") { name }.Calls(node, async call =>
        {
            var reply = await call.Node.PostAsync($"api/sources/{Uri.EscapeDataString(call.Get(name))}/test", ApiJson.Default.SourceTest, call.Ct);
            call.Show(reply, test =>
            {
                foreach (var step in test.Steps)
                {
                    call.Screen.Line(step);
                }
            });
            if (!reply.Value.Ok)
            {
                throw new CommandFailure("The test did not come through.");
            }
        });
    }

    private static void ShowSteps(ApiCall call, IWebhookSender sender, NewSource source)
    {
        var settings = source.Settings ?? SourceSettings.None;
        var setup = new SourceSetup { Name = source.Name, Url = source.Url, Secret = source.Secret, Settings = settings };
        foreach (var line in sender.Setup(setup))
        {
            call.Screen.Line(line);
        }

        call.Screen.Line(source.Secret is null || sender.MakesSecret(settings)
            ? "Keep the URL to yourself; the list does not show it."
            : "Keep URL and secret to yourself; the secret is shown this once.");
    }

    private static Option<string> SecretFile() =>
        new("--secret-file") { Description = "A file with the secret that the sender made; - reads standard input.", HelpName = "FILE" };

    internal static async Task<string> ReadAsync(string path, CancellationToken ct)
    {
        try
        {
            return path == "-" ? await Console.In.ReadToEndAsync(ct) : await File.ReadAllTextAsync(path, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"The file {path} cannot be read: {e.Message}");
        }
    }

    private static Command List(NodeOptions node) =>
        new Command("list", "List your sources, and those of others on which you are listed; their secrets are not shown again.").Calls(node, async call =>
        {
            call.Show(
                await call.Node.GetAsync("api/sources", ApiJson.Default.IReadOnlyListSourceInfo, call.Ct),
                sources => call.Screen.Table(
                    "No sources yet; `cluster source add github NAME --session SESSION` makes one.",
                    ["NAME", "KIND", "OWNER", "SESSION", "SINCE", "SECRETS", "LISTED", "OPEN TO", "CATCHES UP", "PLAYBOOK"],
                    sources.Select(source => (string[])
                    [
                        source.Name, source.Kind, source.Owner, source.Session, Screen.Time(source.CreatedAt), Secrets(source), SourceOwnerCommands.Short(source),
                        SourceSettingCommands.Shown(source.Settings), CatchUpCommand.Shown(source.CatchUp),
                        source.Playbook.Length <= 60 ? source.Playbook : source.Playbook[..59] + "…",
                    ])));
            if (!call.Json)
            {
                await SourceOwnerCommands.ShowListingsAsync(call);
            }
        });

    // …3f9c, old …a1b2 until 12:00 (still used 11:40)
    private static string Secrets(SourceInfo source) => source.Settings is { AwaitsSecret: true } ? "waits for the sender's" : string.Join(", ", source.Secrets.Select(secret =>
        secret.Until is not { } until ? $"…{secret.End}"
        : $"old …{secret.End} until {Screen.Time(until)}{(secret.UsedAt is { } used ? $" (still used {Screen.Time(used)})" : "")}"));

    private static Command Remove(NodeOptions node)
    {
        var name = new Argument<string>("NAME") { Description = "The source's name." };
        var command = new Command("remove", "Remove a source: its URL stops working at once.") { name };
        command.SetAction(async (parsed, ct) =>
        {
            using var client = new NodeClient(node.Locator(parsed).Require(), TimeProvider.System);
            await client.SendAsync(HttpMethod.Delete, $"api/sources/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}", null, ct);
            new Screen(parsed.InvocationConfiguration.Output).Line($"Source {parsed.GetRequiredValue(name)} is removed; remove its webhook at the sender too.");
            return 0;
        });

        return command;
    }
}
