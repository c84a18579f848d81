using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Cluster.Cli.Events;
using Cluster.Cli.Nodes;
using Cluster.Cli.Sources;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Doctor;

/// <summary>Walks the chain in its order and stops at the first broken link: what lies behind it cannot be known.</summary>
internal sealed class Diagnosis(NodeLocator locator, TimeProvider clock)
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    // A silent long poll is answered every 50 seconds.
    private static readonly TimeSpan HeardWithin = TimeSpan.FromSeconds(90);

    private readonly List<DoctorCheck> _checks = [];

    public async Task<IReadOnlyList<DoctorCheck>> RunAsync(string? session, CancellationToken ct)
    {
        if (Configuration() is { } node && await HealthAsync(node, ct) && await ReadyAsync(node, ct))
        {
            using var client = new NodeClient(node, clock);
            if (await TokenAsync(client, ct))
            {
                await BotsAsync(client, ct);
                await SourcesAsync(client, ct);
                if (session is not null)
                {
                    await SessionAsync(client, session, ct);
                }
            }
        }

        return _checks;
    }

    private NodeAddress? Configuration()
    {
        switch (locator.Find())
        {
            case NodeSearch.Found(var node, var passed):
                Whole("configuration", $"{node.Display}, from {node.Source}" + (passed.Count > 0 ? $"; not used: {string.Join(", ", passed)}" : ""));
                return node;

            case NodeSearch.NotFound(var sentence):
                Broken("configuration", "which node to use is not known", sentence);
                return null;

            default:
                throw new UnreachableException();
        }
    }

    private async Task<bool> HealthAsync(NodeAddress node, CancellationToken ct)
    {
        var (status, body, failure) = await GetAsync(node, "healthz", ct);
        if (status == HttpStatusCode.OK && body.Trim() == "ok")
        {
            return Whole("node", "it answers");
        }

        return status is { } other
            ? Broken(
                "node",
                $"something answers at {node.Display} (HTTP {(int)other}), but not as a node does",
                "Check the address; perhaps another program has this port.")
            : Broken("node", $"{node.Display} cannot be reached: {failure}", IsGone(node)
                ? "The node that ran on this machine has ended; start it again."
                : "Is the node running, and is the address right? A firewall or proxy may stand between.");
    }

    private async Task<bool> ReadyAsync(NodeAddress node, CancellationToken ct)
    {
        var (status, body, failure) = await GetAsync(node, "readyz", ct);
        var health = Read(body);
        if (status == HttpStatusCode.OK)
        {
            return Whole("engine", health is null ? "ready" : $"{health.Engine}, {health.Status}");
        }

        var state = health is null
            ? failure ?? $"the node says that it is not ready (HTTP {(int)status!})"
            : $"{health.Engine}: {health.Status}{(health.Detail is { } detail ? $", {detail}" : "")}";

        return Broken(
            "engine",
            state,
            "Look at the node's log: its database may be away, or it is stopping. What was accepted is kept.");
    }

    private async Task<bool> TokenAsync(NodeClient client, CancellationToken ct)
    {
        try
        {
            var me = (await client.GetAsync("api/me", ApiJson.Default.Me, ct)).Value;
            return Whole("token", $"accepted as {me.Principal}{(me.Admin ? ", an admin" : "")}; node version {me.NodeVersion}");
        }
        catch (CommandFailure failure)
        {
            return Broken("token", failure.Message, "Ask an admin for an invitation (`cluster principal add NAME`) and run `cluster login URL`.");
        }
    }

    // A bot that does not work breaks no link of the chain to a session, so the walk goes on.
    private async Task BotsAsync(NodeClient client, CancellationToken ct)
    {
        IReadOnlyList<BotInfo> bots;
        try
        {
            bots = (await client.GetAsync("api/bots", ApiJson.Default.IReadOnlyListBotInfo, ct)).Value;
        }
        catch (CommandFailure)
        {
            return; // a node of an earlier version
        }

        foreach (var bot in bots)
        {
            var check = $"bot {bot.Name}";
            if (bot.Problem is { } problem)
            {
                Broken(check, problem, "It is tried again by itself; `cluster bot list` shows when it works.");
            }
            else if (bot.HeardAt is not { } heard || clock.GetUtcNow() - heard > HeardWithin)
            {
                Broken(check, $"{bot.Platform} has not answered it since {Screen.Time(bot.HeardAt)}", "Can the nodes reach the platform? Their log says more.");
            }
            else
            {
                Whole(check, $"@{bot.AccountName} works at node {bot.Node ?? "-"}; heard {Screen.Time(heard)}, {bot.Waiting} to send{(bot.LimitedUntil is { } until ? $", rate limited by its platform until {Screen.Time(until)}" : "")}");
            }
        }
    }

    // Nor does a source that cannot ask for what it missed.
    private async Task SourcesAsync(NodeClient client, CancellationToken ct)
    {
        IReadOnlyList<SourceInfo> sources;
        try
        {
            sources = (await client.GetAsync("api/sources", ApiJson.Default.IReadOnlyListSourceInfo, ct)).Value;
        }
        catch (CommandFailure)
        {
            return;
        }

        foreach (var source in sources.Where(source => source.CatchUp is not null))
        {
            var (ok, detail, todo) = CatchUpCommand.Diagnosed(source.CatchUp!);
            Add($"source {source.Name}", ok, detail, todo);
        }
    }

    private async Task SessionAsync(NodeClient client, string name, CancellationToken ct)
    {
        SessionInfo session;
        try
        {
            session = (await client.GetAsync($"api/sessions/{name}", ApiJson.Default.SessionInfo, ct)).Value;
        }
        catch (CommandFailure failure)
        {
            Broken("session", failure.Message, "See `cluster sessions`; it is made by `cluster session add NAME`, or when Claude Code first connects.");
            return;
        }

        Whole("session", $"{session.Id}; you are {string.Join(", ", session.Roles)}; {session.Waiting} waiting");
        if (session.Paused)
        {
            Broken(
                "paused",
                $"its owner has paused it{(session.PausedUntil is { } until ? $" until {Screen.Time(until)}" : "")}; messages wait",
                $"cluster session resume {session.Id}");
        }

        Attachment(session);
        await LastEventAsync(client, name, ct);
        if (session.OpenPermissions > 0)
        {
            Whole("permissions", $"{session.OpenPermissions} open: Claude waits for an answer", "See `cluster permissions`, or the page, and allow or deny.");
        }
        else
        {
            Whole("permissions", "none open");
        }
    }

    private void Attachment(SessionInfo session)
    {
        if (!session.Attached)
        {
            Broken(
                "attachment",
                "Claude Code is not attached; messages wait",
                "Start Claude Code in the project, with the entry that `cluster connect --print-config` prints: claude --dangerously-load-development-channels server:cluster");
            return;
        }

        Whole("attachment", $"{session.Client ?? "a client"} since {Screen.Time(session.AttachedAt)}");
        if (session.LastCallAt is null)
        {
            Broken(
                "answers",
                "reached Claude Code but has never answered yet",
                "Was claude started with --dangerously-load-development-channels server:cluster? Without it the channel is connected but Claude never sees a message.");
        }
        else
        {
            Whole("answers", $"last tool call {Screen.Time(session.LastCallAt)}");
        }
    }

    private async Task LastEventAsync(NodeClient client, string name, CancellationToken ct)
    {
        try
        {
            var events = await client.GetAsync(
                $"api/events?session={Uri.EscapeDataString(name)}&limit=1", ApiJson.Default.IReadOnlyListEventInfo, ct);

            if (events.Value is not [var last, ..])
            {
                Whole("last event", "none yet");
                return;
            }

            var detail = $"{last.Id} from {last.Sender} at {Screen.Time(last.At)}: {DeliveryWords.Explain(last.State, last.Reason)}";
            if (last.State is "dead" or "expired")
            {
                Broken("last event", detail, "It will not arrive any more; send it again if it still matters.");
            }
            else
            {
                Whole("last event", detail);
            }
        }
        catch (CommandFailure failure)
        {
            Whole("last event", $"cannot be seen: {failure.Message}");
        }
    }

    private async Task<(HttpStatusCode? Status, string Body, string? Failure)> GetAsync(NodeAddress node, string path, CancellationToken ct)
    {
        using var http = NodeHttp.Create();
        using var limit = new CancellationTokenSource(AnswerWithin, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        http.MaxResponseContentBufferSize = 64 * 1024;
        try
        {
            using var response = await http.GetAsync(node.At(path), either.Token);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(either.Token), null);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && (e is HttpRequestException or IOException or OperationCanceledException))
        {
            return (null, "", NodeHttp.Explain(e));
        }
    }

    private static NodeHealth? Read(string body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, ApiJson.Default.NodeHealth);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsGone(NodeAddress node)
    {
        if (node.LocalProcess is not { } id)
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(id);
            return process.HasExited;
        }
        catch (ArgumentException)
        {
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private bool Whole(string check, string detail, string? todo = null) => Add(check, true, detail, todo);

    private bool Broken(string check, string detail, string todo) => Add(check, false, detail, todo);

    private bool Add(string check, bool ok, string detail, string? todo)
    {
        _checks.Add(new DoctorCheck { Check = check, Ok = ok, Detail = detail, Todo = todo });
        return ok;
    }
}
