using Cluster.Core.Api;
using Cluster.Core.Routing;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using Route = Cluster.Core.Routing.Route;

namespace Cluster.Server.Routes;

/// <summary>Reads routes from a YAML file, whole, and finds all that is wrong with it at once. What this version cannot do is refused in words
/// and never skipped.</summary>
internal sealed partial class RoutesYaml
{
    /// <summary>Bytes of a file.</summary>
    public const int MaxLength = 1024 * 1024;

    // Whoever has more to mend mends these first.
    private const int MostFaults = 100;

    private static readonly string[] Keys =
        ["name", "when", "to", "otherwise", "playbook", "fold", "priority", "notify", "quiet", "escalate", "also", "untrusted"];

    private readonly string _caller;
    private readonly List<LineFault> _faults = [];
    private readonly List<Route> _routes = [];
    private readonly List<RouteLines> _lines = [];

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

    /// <summary>Faults that were found elsewhere, by the places of the routes. Where something could not be read, it is told already, and nothing
    /// follows from its absence.</summary>
    public void Add(IEnumerable<RouteFault> faults)
    {
        foreach (var fault in faults.Where(fault => fault is not { Route: { } place, Part: { } part } || !_lines[place].Unread.Contains(part)))
        {
            _faults.Add(fault.Route is { } place
                ? new LineFault(_lines[place].Of(fault.Part), _routes[place].Name.Length > 0 ? $"Route '{_routes[place].Name}': {fault.Text}" : fault.Text)
                : new LineFault(1, fault.Text));
        }
    }

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
            var word = Text(key) ?? "";
            if (Array.IndexOf(Keys, word) < 0)
            {
                Fault(key, $"'{word}' is not known in a route. {Nearest.Of(word, Keys)}");
            }
            else
            {
                given[word] = value;
            }
        }

        // What can be read of a route is looked at though another part of it cannot: all that is wrong with it is told at once.
        var unread = new HashSet<string>();
        var untrusted = Flag(given, "untrusted");
        var name = Required(given, "name", node) is { } named ? Scalar(named, "The route's name") : null;
        var when = Required(given, "when", node);
        var conditions = when is null ? null : Conditions(when, untrusted, unread);
        var to = Required(given, "to", node) is { } target ? Target(target, "to", "session", "repository") : default;
        var otherwise = given.TryGetValue("otherwise", out var other) ? Target(other, "otherwise", "session", "queue") : default;
        unread.UnionWith(new[] { name is null ? "name" : "", conditions is null ? "when.source" : "", to is (null, null, _) ? "to" : "" });
        _routes.Add(new Route
        {
            Name = name ?? "",
            When = conditions ?? [],
            To = to.Session,
            Repository = to.Repository,
            Otherwise = otherwise.Session,
            Queue = otherwise.Queue,
            Playbook = given.TryGetValue("playbook", out var playbook) ? Scalar(playbook, "The playbook")?.TrimEnd() : null,
            Fold = given.TryGetValue("fold", out var fold) ? Fold(fold, unread) : null,
            Urgent = given.TryGetValue("priority", out var priority) && Urgent(priority),
            Notify = given.TryGetValue("notify", out var notify) ? Texts(notify, "notify") : [],
            Quiet = given.TryGetValue("quiet", out var quiet) ? Quiet(quiet) : null,
            Escalate = given.TryGetValue("escalate", out var escalate) ? Escalation(escalate, unread) : null,
            Also = Flag(given, "also"),
            Untrusted = untrusted,
        });
        if (unread.Contains("to") || unread.Contains("escalate.who"))
        {
            unread.Add("notify.who"); // it may be told of a session that could not be read
        }

        var lines = given.ToDictionary(part => part.Key, part => Line(part.Value));
        foreach (var key in (when as YamlMappingNode)?.Children.Keys ?? [])
        {
            lines[RouteRules.ConditionPart + Text(key)] = Line(key);
        }

        _lines.Add(new RouteLines(Line(node), lines, unread));
    }

    private List<RouteCondition>? Conditions(YamlNode node, bool untrusted, HashSet<string> unread)
    {
        if (node is not YamlMappingNode fields)
        {
            Fault(node, "'when' has fields and their values, such as { source: ci, branch: main }.");
            return null;
        }

        var conditions = new List<RouteCondition>();
        foreach (var (key, value) in fields.Children)
        {
            var field = Text(key) ?? "";
            var values = value is YamlSequenceNode list
                ? list.Select(one => Scalar(one, $"A value of '{field}'")).ToList()
                : [Scalar(value, $"The condition '{field}'")];
            if (RouteRules.Fault(field, values.Count, untrusted) is { } wrong)
            {
                Fault(key, wrong);
            }

            var good = new List<string>();
            foreach (var text in values.OfType<string>())
            {
                if (RouteRules.Fault(field, text) is { } fault)
                {
                    Fault(key, fault);
                }
                else
                {
                    good.Add(text);
                }
            }

            if (good.Count > 0)
            {
                conditions.Add(new RouteCondition { Field = field, Values = good });
            }
            else
            {
                unread.Add($"when.{field}");
            }
        }

        return conditions;
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

    /// <summary>Where a route and its parts stand in the file.</summary>
    /// <param name="First">Its own line.</param>
    /// <param name="Parts">Its keys'.</param>
    /// <param name="Unread">The parts that could not be read.</param>
    private sealed record RouteLines(int First, IReadOnlyDictionary<string, int> Parts, IReadOnlySet<string> Unread)
    {
        public int Of(string? part) => part is null ? First : Parts.TryGetValue(part, out var own) ? own : Parts.GetValueOrDefault(part.Split('.')[0], First);
    }
}
