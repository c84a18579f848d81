namespace Cluster.Core.Routing;

/// <summary>What becomes of the routes that stand when others are applied, line by line for a person.</summary>
public static class RouteChanges
{
    public static IReadOnlyList<string> Between(IReadOnlyList<Route> before, IReadOnlyList<Route> after)
    {
        var old = before.ToDictionary(route => route.Name);
        var lines = new List<string>();
        foreach (var route in after)
        {
            if (!old.TryGetValue(route.Name, out var was))
            {
                lines.Add($"+ {route.Name}: {string.Join(", ", route.When)} -> {route.Target}");
            }
            else if (route.Differences(was).ToList() is { Count: > 0 } keys)
            {
                lines.Add($"~ {route.Name}: {string.Join(", ", keys)}");
            }
        }

        var names = after.Select(route => route.Name).ToHashSet();
        lines.AddRange(before.Where(route => !names.Contains(route.Name)).Select(route => $"- {route.Name}"));
        var kept = before.Select(route => route.Name).Where(names.Contains);
        if (!kept.SequenceEqual(after.Select(route => route.Name).Where(old.ContainsKey)))
        {
            lines.Add("~ the order");
        }

        return lines;
    }
}
