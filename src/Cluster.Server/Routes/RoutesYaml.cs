using Cluster.Core.Api;
using Cluster.Core.Routing;
using Cluster.Core.Sessions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using Route = Cluster.Core.Routing.Route;

namespace Cluster.Server.Routes;

/// <summary>Reads routes from a YAML file, whole, and finds all that is wrong with it at once. What this version cannot do is refused in words
/// and never skipped.</summary>
internal sealed class RoutesYaml
{
    /// <summary>Bytes of a file.</summary>
    public const int MaxLength = 1024 * 1024;

    // Whoever has more to mend mends these first.
    private const int MostFaults = 100;

    private static readonly string[] Keys = ["name", "when", "to", "otherwise", "playbook", "also", "untrusted"];
    private static readonly string[] Later = ["fold", "priority", "notify", "quiet"];

    private readonly string _caller;
    private readonly List<LineFault> _faults = [];
    private readonly List<Route> _routes = [];
    private readonly List<int> _lines = [];

    private RoutesYaml(string text, string caller)
    {
        _caller = caller;
        if (YamlShape.Load(text, out var fault) is { } root)
        {
            ReadFile(root);
        }
        else
        {
            _faults.Add(fault!);
        }

        Add(RouteRules.Check(_routes));
    }

    /// <param name="text">The file.</param>
    /// <param name="caller">Whose sessions are meant where no owner is named.</param>
    public static RoutesYaml Read(string text, string caller) => new(text, caller);

    public IReadOnlyList<Route> Routes => _routes;

    public IReadOnlyList<LineFault> Faults => [.. _faults.OrderBy(fault => fault.Line)];

    /// <summary>Faults that were found elsewhere, by the places of the routes.</summary>
    public void Add(IEnumerable<RouteFault> faults) =>
        _faults.AddRange(faults.Select(fault => new LineFault(
            fault.Route is { } place ? _lines[place] : 1, fault.Route is { } route ? $"Route '{_routes[route].Name}': {fault.Text}" : fault.Text)));

    private void ReadFile(YamlNode root)
    {
        if (root is not YamlMappingNode file)
        {
            Fault(root, "A file of routes begins with 'routes:'.");
            return;
        }

        YamlNode? list = null;
        foreach (var (key, value) in file.Children)
        {
            if (Text(key) == "routes")
            {
                list = value;
            }
            else
            {
                Fault(key, $"'{Text(key)}' is not known here; the file has one key, 'routes'.");
            }
        }

        if (list is YamlSequenceNode routes)
        {
            foreach (var route in routes)
            {
                ReadRoute(route);
            }
        }
        else if (list is not YamlScalarNode { Style: ScalarStyle.Plain, Value: "" } and not null) // nothing behind 'routes:' means no routes
        {
            Fault(list, "'routes' is a list; begin each route with '- name: NAME'.");
        }
        else if (list is null)
        {
            Fault(root, "The file has no list 'routes:'.");
        }
    }

    private void ReadRoute(YamlNode node)
    {
        if (node is not YamlMappingNode fields)
        {
            Fault(node, "A route has the keys name, when and to.");
            return;
        }

        var given = new Dictionary<string, YamlNode>();
        foreach (var (key, value) in fields.Children)
        {
            var name = Text(key) ?? "";
            if (Array.IndexOf(Later, name) >= 0)
            {
                Fault(key, $"'{name}' is not in this version; leave it out.");
            }
            else if (Array.IndexOf(Keys, name) < 0)
            {
                Fault(key, $"'{name}' is not known in a route. {Nearest.Of(name, Keys)}");
            }
            else
            {
                given[name] = value;
            }
        }

        var before = _faults.Count;
        var untrusted = Flag(given, "untrusted");
        var route = new Route
        {
            Name = Required(given, "name", node) is { } named ? Scalar(named, "The route's name") ?? "" : "",
            When = Required(given, "when", node) is { } when ? Conditions(when, untrusted) : [],
            To = Required(given, "to", node) is { } to ? Target(to, "to") ?? "" : "",
            Otherwise = given.TryGetValue("otherwise", out var otherwise) ? Target(otherwise, "otherwise") : null,
            Playbook = given.TryGetValue("playbook", out var playbook) ? Scalar(playbook, "The playbook")?.TrimEnd() : null,
            Also = Flag(given, "also"),
            Untrusted = untrusted,
        };
        if (_faults.Count == before)
        {
            _routes.Add(route);
            _lines.Add(Line(node));
        }
    }

    private List<RouteCondition> Conditions(YamlNode node, bool untrusted)
    {
        var conditions = new List<RouteCondition>();
        if (node is not YamlMappingNode fields)
        {
            Fault(node, "'when' has fields and their values, such as { source: ci, branch: main }.");
            return conditions;
        }

        foreach (var (key, value) in fields.Children)
        {
            var field = Text(key) ?? "";
            var values = value is YamlSequenceNode list
                ? list.Select(one => Scalar(one, $"A value of '{field}'")).ToList()
                : [Scalar(value, $"The condition '{field}'")];
            var condition = new RouteCondition { Field = field, Values = [.. values.OfType<string>()] };
            if (condition.Values.Count < values.Count)
            {
                continue; // told already
            }

            if (RouteRules.Fault(condition, untrusted) is { } fault)
            {
                Fault(key, fault);
            }

            conditions.Add(condition);
        }

        return conditions;
    }

    private string? Target(YamlNode node, string key)
    {
        if (node is not YamlMappingNode { Children.Count: 1 } target)
        {
            Fault(node, $"'{key}' names one session: {{ session: owner/name }}.");
            return null;
        }

        var (kind, value) = target.Children[0];
        switch (Text(kind))
        {
            case "session":
                if (Scalar(value, "The session") is not { } text)
                {
                    return null;
                }

                if (SessionId.TryParse(text, _caller, out var session))
                {
                    return session.ToString();
                }

                Fault(value, $"'{text}' is no session's name; write owner/name.");
                return null;
            case ("repository" or "queue") and var later:
                Fault(kind, $"'{later}' is not in this version; name a session: {{ session: owner/name }}.");
                return null;
            default:
                Fault(kind, $"'{Text(kind)}' is not known in '{key}'. {Nearest.Of(Text(kind) ?? "", ["session"])}");
                return null;
        }
    }

    private bool Flag(Dictionary<string, YamlNode> given, string key)
    {
        if (!given.TryGetValue(key, out var node))
        {
            return false;
        }

        if (Text(node) is not ("true" or "false"))
        {
            Fault(node, $"'{key}' is true or false.");
        }

        return Text(node) == "true";
    }

    private YamlNode? Required(Dictionary<string, YamlNode> given, string key, YamlNode route)
    {
        if (given.TryGetValue(key, out var node))
        {
            return node;
        }

        Fault(route, $"The route has no '{key}'.");
        return null;
    }

    private string? Scalar(YamlNode node, string what)
    {
        if (node is YamlScalarNode scalar && !(scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null"))
        {
            return scalar.Value;
        }

        Fault(node, $"{what} is a text; quote it if it has signs in it.");
        return null;
    }

    private static string? Text(YamlNode node) => (node as YamlScalarNode)?.Value;

    private static int Line(YamlNode node) => (int)node.Start.Line;

    private void Fault(YamlNode node, string text)
    {
        if (_faults.Count < MostFaults)
        {
            _faults.Add(new LineFault(Line(node), text));
        }
    }
}
