using Cluster.Core.Routing;

namespace Cluster.Core.Api;

/// <summary>GET /api/routes: the caller's routes in their order.</summary>
public sealed record RouteList
{
    /// <summary>Grows with every change; 0 before the first.</summary>
    public required long Version { get; init; }

    public required IReadOnlyList<Route> Routes { get; init; }

    /// <summary>The same as a file that can be applied.</summary>
    public required string Yaml { get; init; }
}

/// <summary>PUT /api/routes with a YAML file: what changed, or with <c>?dryRun=true</c> what would change or is wrong.</summary>
public sealed record RoutesAnswer
{
    public required bool Applied { get; init; }

    /// <summary>A line for each route that is new, changed or gone.</summary>
    public required IReadOnlyList<string> Changes { get; init; }

    /// <summary>A line for each session in which events wait whose way there is closed.</summary>
    public IReadOnlyList<string> Ending { get; init => field = value ?? []; } = []; // null from a node of an earlier version

    public required IReadOnlyList<LineFault> Faults { get; init; }
}

/// <summary>What is wrong with a file, and in which line.</summary>
public sealed record LineFault(int Line, string Text);

/// <summary>POST /api/routes/test: which route would take this delivery? A source and a payload, or the id of an event that came.</summary>
public sealed record TestRoutes
{
    public string? Source { get; init; }

    /// <summary>The event's name as the sender puts it into its header, where it does.</summary>
    public string? Event { get; init; }

    /// <summary>The body as it would come.</summary>
    public string? Payload { get; init; }

    /// <summary>A webhook's event.</summary>
    public long? EventId { get; init; }
}

/// <summary>Where a delivery would go, and what each route says to it.</summary>
public sealed record RoutesTest
{
    /// <summary>The event's name with its platform in front.</summary>
    public required string Event { get; init; }

    /// <summary>By what it is explained: <c>payload</c>, or where that is not kept <c>summary</c>, which lacks branch, fork and every path.</summary>
    public string Read { get; init; } = "payload";

    /// <summary>Why it would wake nobody, wherever it goes; null when it would.</summary>
    public string? FilterReason { get; init; }

    /// <summary>What conditions can ask for.</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    public required IReadOnlyList<RouteTarget> Targets { get; init; }
    public required IReadOnlyList<RouteReason> Routes { get; init; }
}

/// <summary>A session that would get the event, by which route, null for the source's own session, and why just this one where there was a choice.</summary>
public sealed record RouteTarget(string? Route, string Session, string? Why = null);

/// <summary>Whether a route takes the event, and why.</summary>
public sealed record RouteReason(string Route, bool Takes, string Reason);
