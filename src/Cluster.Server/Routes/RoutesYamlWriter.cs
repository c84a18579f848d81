using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Cluster.Core;
using Cluster.Core.Routing;
using Route = Cluster.Core.Routing.Route;

namespace Cluster.Server.Routes;

/// <summary>Writes routes as a file that <see cref="RoutesYaml"/> reads as the same routes.</summary>
internal static partial class RoutesYamlWriter
{
    public static string Write(IReadOnlyList<Route> routes)
    {
        var yaml = new StringBuilder(routes.Count == 0 ? "routes: []\n" : "routes:\n");
        foreach (var route in routes)
        {
            yaml.Append($"  - name: {Text(route.Name)}\n    when:\n");
            foreach (var condition in route.When)
            {
                yaml.Append($"      {Text(condition.Field)}: {Values(condition)}\n");
            }

            yaml.Append(route.To is { } to ? $"    to: {{ session: {Text(to)} }}\n" : $"    to: {{ repository: {Text(route.Repository!)} }}\n");
            if (route.Otherwise is { } otherwise)
            {
                yaml.Append($"    otherwise: {{ session: {Text(otherwise)} }}\n");
            }
            else if (route.Queue is { } queue)
            {
                yaml.Append($"    otherwise: {{ queue: {Duration.Write(queue)} }}\n");
            }

            Parts(yaml, route);

            if (route.Also)
            {
                yaml.Append("    also: true\n");
            }

            if (route.Untrusted)
            {
                yaml.Append("    untrusted: true\n");
            }

            if (route.Playbook is { } playbook)
            {
                yaml.Append($"    playbook: {Block(playbook)}\n");
            }
        }

        return yaml.ToString();
    }

    private static void Parts(StringBuilder yaml, Route route)
    {
        if (route.Fold is { } fold)
        {
            yaml.Append($"    fold: {{ by: {List(fold.By)}, within: {Duration.Write(fold.Within)}, at_most: {Duration.Write(fold.AtMost)} }}\n");
        }

        if (route.Urgent)
        {
            yaml.Append("    priority: urgent\n");
        }

        if (route.Notify.Count > 0)
        {
            yaml.Append($"    notify: {List(route.Notify)}\n");
        }

        if (route.Quiet is { } quiet)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"    quiet: {{ from: \"{quiet.From:HH:mm}\", to: \"{quiet.To:HH:mm}\", zone: {Text(quiet.Zone)}, then: {(quiet.Filter ? "filter" : "queue")} }}\n");
        }

        if (route.Escalate is { } escalate)
        {
            var next = escalate.To is { } session ? $", session: {Text(session)}" : "";
            var told = escalate.Notify.Count > 0 ? $", notify: {List(escalate.Notify)}" : "";
            yaml.Append($"    escalate: {{ after: {Duration.Write(escalate.After)}{next}{told} }}\n");
        }
    }

    private static string List(IReadOnlyList<string> texts) => $"[{string.Join(", ", texts.Select(Text))}]";

    private static string Values(RouteCondition condition) =>
        condition.Values is [var only] ? Text(only) : $"[{string.Join(", ", condition.Values.Select(Text))}]";

    // Several lines stand as such, unless something in them would be read otherwise.
    private static string Block(string text)
    {
        var lines = text.Split('\n');
        return lines.Length == 1 || lines[0].StartsWith(' ') || Unprintable().IsMatch(text) || lines.Any(line => line.Length == 0 ? false : line.Trim().Length == 0)
            || lines[0].Length == 0
            ? Text(text)
            : $"|\n{string.Join('\n', lines.Select(line => line.Length == 0 ? "" : $"      {line}"))}";
    }

    private static string Text(string text) => Plain().IsMatch(text) && text != "null" ? text : $"\"{Escaped().Replace(text, Escape)}\"";

    private static string Escape(Match match) => match.Value switch
    {
        "\"" => "\\\"",
        "\\" => "\\\\",
        "\n" => "\\n",
        _ => $"\\u{(int)match.Value[0]:x4}",
    };

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_./-]*\z")]
    private static partial Regex Plain();

    [GeneratedRegex("[\"\\\\\\p{Cc}\\u2028\\u2029\\ufeff]")]
    private static partial Regex Escaped();

    [GeneratedRegex(@"[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]")]
    private static partial Regex Unprintable();
}
