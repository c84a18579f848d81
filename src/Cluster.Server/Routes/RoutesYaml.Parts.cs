using System.Globalization;
using Cluster.Core;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using YamlDotNet.RepresentationModel;

namespace Cluster.Server.Routes;

internal sealed partial class RoutesYaml
{
    private (string? Session, string? Repository, TimeSpan? Queue) Target(YamlNode node, string key, params string[] kinds)
    {
        if (node is not YamlMappingNode { Children.Count: 1 } target)
        {
            Fault(node, key == "to"
                ? "'to' names one session, { session: owner/name }, or one repository, { repository: owner/name }."
                : $"'{key}' names one session: {{ session: owner/name }}.");
            return default;
        }

        var (kind, value) = target.Children[0];
        switch (Text(kind))
        {
            case "session":
                return (Session(value), null, null);
            case "queue" when kinds.Contains("queue"):
                return (null, null, Time(value, "queue"));
            case "repository" when kinds.Contains("repository"):
                return (null, Scalar(value, "The repository"), null);
            default:
                Fault(kind, $"'{Text(kind)}' is not known in '{key}'. {Nearest.Of(Text(kind) ?? "", kinds)}");
                return default;
        }
    }

    private string? Session(YamlNode node)
    {
        if (Scalar(node, "The session") is not { } text)
        {
            return null;
        }

        if (SessionId.TryParse(text, _caller, out var session))
        {
            return session.ToString();
        }

        Fault(node, $"'{text}' is no session's name; write owner/name.");
        return null;
    }

    // A time that could not be read is told; here stands one of which nothing more is to be told.
    private RouteFold? Fold(YamlNode node, HashSet<string> unread)
    {
        if (Part(node, "fold", "{ by: [repository, head_sha], within: 30s }", ["by", "within", "at_most"], ["by", "within"]) is not { } part)
        {
            return null;
        }

        var within = part.TryGetValue("within", out var first) ? Time(first, "within") : null;
        var most = part.TryGetValue("at_most", out var last) ? Time(last, "at_most") : null;
        var by = part.TryGetValue("by", out var fields) ? Texts(fields, "by") : null;
        if (by is null or [] && fields is not YamlSequenceNode { Children.Count: 0 })
        {
            unread.Add("fold.by");
        }

        var open = within ?? Shorter(most ?? RouteFold.Shortest, RouteFold.Longest);
        return new RouteFold { By = by ?? [], Within = open, AtMost = most ?? (last is null ? Shorter(open * 10, RouteFold.Longest) : open) };
    }

    private bool Urgent(YamlNode node)
    {
        if (Text(node) is not ("urgent" or "normal"))
        {
            Fault(node, "'priority' is urgent or normal.");
        }

        return Text(node) == "urgent";
    }

    private RouteQuiet? Quiet(YamlNode node)
    {
        if (Part(node, "quiet", "{ from: \"22:00\", to: \"07:00\", zone: Europe/Berlin, then: queue }", ["from", "to", "zone", "then"], ["from", "to", "zone"])
            is not { } part)
        {
            return null;
        }

        if (part.TryGetValue("then", out var then) && Text(then) is not ("queue" or "filter"))
        {
            Fault(then, "'then' is queue (it waits for the end of the quiet hours) or filter (it is recorded and wakes nobody).");
        }

        var from = part.TryGetValue("from", out var first) ? Clock(first, "from") : null;
        var to = part.TryGetValue("to", out var last) ? Clock(last, "to") : null;
        var zone = part.TryGetValue("zone", out var place) ? Scalar(place, "The zone") : null;
        return new RouteQuiet
        {
            From = from ?? to?.AddHours(1) ?? default,
            To = to ?? from?.AddHours(1) ?? new TimeOnly(1, 0),
            Zone = zone ?? TimeZoneInfo.Utc.Id,
            Filter = then is not null && Text(then) == "filter",
        };
    }

    private RouteEscalation? Escalation(YamlNode node, HashSet<string> unread)
    {
        if (Part(node, "escalate", "{ after: 10m, session: owner/name }", ["after", "session", "notify"], ["after"]) is not { } part)
        {
            return null;
        }

        var to = part.TryGetValue("session", out var session) ? Session(session) : null;
        var told = part.TryGetValue("notify", out var notify) ? Texts(notify, "notify") : [];
        if ((to is null && session is not null) || (told is [] && notify is not (null or YamlSequenceNode { Children.Count: 0 }))
            || part.Keys.Any(key => key is not ("after" or "session" or "notify")))
        {
            unread.Add("escalate.who"); // it named somebody
        }

        return new RouteEscalation { After = (part.TryGetValue("after", out var after) ? Time(after, "after") : null) ?? TimeSpan.FromMinutes(10), To = to, Notify = told };
    }

    /// <summary>The keys of a part of a route, or null when it is none.</summary>
    private Dictionary<string, YamlNode>? Part(YamlNode node, string name, string form, string[] known, string[] needed)
    {
        if (node is not YamlMappingNode fields)
        {
            Fault(node, $"'{name}' has a form such as {form}.");
            return null;
        }

        var given = new Dictionary<string, YamlNode>();
        foreach (var (key, value) in fields.Children)
        {
            var word = Text(key) ?? "";
            if (Array.IndexOf(known, word) < 0)
            {
                Fault(key, $"'{word}' is not known in '{name}'. {Nearest.Of(word, known)}");
            }

            given[word] = value;
        }

        foreach (var word in needed.Where(word => !given.ContainsKey(word)))
        {
            Fault(node, $"'{name}' has no '{word}'; a form is {form}.");
        }

        return given;
    }

    private List<string> Texts(YamlNode node, string key) =>
        [.. (node is YamlSequenceNode list ? list.Select(one => Scalar(one, $"A value of '{key}'")) : [Scalar(node, $"A value of '{key}'")]).OfType<string>()];

    private TimeSpan? Time(YamlNode node, string key)
    {
        if (Text(node) is { } text && Duration.Read(text) is { } time)
        {
            return time;
        }

        Fault(node, $"'{key}' is a time such as {Duration.Expected}.");
        return null;
    }

    private TimeOnly? Clock(YamlNode node, string key)
    {
        if (TimeOnly.TryParseExact(Text(node), "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return time;
        }

        Fault(node, $"'{key}' is a time of day in quotes, from \"00:00\" to \"23:59\".");
        return null;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
