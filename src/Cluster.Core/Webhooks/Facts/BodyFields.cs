using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;
using Cluster.Core.Events;

namespace Cluster.Core.Webhooks.Facts;

/// <summary>A payload of which nothing is known: its own first fields that are no lists and no objects, the outermost first, each under its own name.
/// What is named as a secret is withheld.</summary>
internal static partial class BodyFields
{
    private const int Most = 20;
    private const int MostNamed = 200; // of a hostile body no more are looked at

    /// <param name="root">The payload.</param>
    /// <param name="depth">How many levels are looked into.</param>
    /// <param name="told">The names that are taken.</param>
    public static IEnumerable<WebhookField> Of(JsonElement root, int depth, IEnumerable<string> told)
    {
        var names = told.ToHashSet();
        var fields = new List<WebhookField>();
        var level = new List<(string Before, JsonElement At)> { ("", root) };
        for (var i = 0; i < depth && fields.Count < Most; i++)
        {
            var next = new List<(string Before, JsonElement At)>();
            foreach (var property in level.Where(one => one.At.ValueKind == JsonValueKind.Object)
                .SelectMany(one => one.At.EnumerateObject().Select(property => (Name: one.Before + PayloadFields.Name(property), property.Value))).Take(MostNamed))
            {
                var name = Plain().IsMatch(property.Name) ? property.Name : $"field_{fields.Count + 1}"; // a name is anybody's text too
                if (property.Value.ValueKind == JsonValueKind.Object)
                {
                    next.Add(($"{name}.", property.Value));
                }
                else if (fields.Count < Most && FactPath.Value(property.Value) is { } value && names.Add(name))
                {
                    fields.Add(value.Number is { } number && !KeptPayload.IsSecret(property.Name)
                        ? new WebhookField { Name = name, Number = number }
                        : Fields.Text(name, KeptPayload.Shown(property.Name, value.Text ?? ""))!);
                }
            }

            level = next;
        }

        return fields;
    }

    /// <summary>Those of a template whose other fields are known.</summary>
    public static IEnumerable<WebhookField> Of(IEnumerable<JsonProperty> properties, IEnumerable<string> told)
    {
        var names = told.ToHashSet();
        foreach (var property in properties.Take(Most))
        {
            var name = PayloadFields.Name(property);
            if (Plain().IsMatch(name) && FactPath.Value(property.Value) is { } value && names.Add(name))
            {
                yield return value.Number is { } number && !KeptPayload.IsSecret(name) ? new WebhookField { Name = name, Number = number }
                    : Fields.Text(name, KeptPayload.Shown(name, value.Text ?? ""))!;
            }
        }
    }

    /// <summary>The field by which a body says that nothing is wrong; null for none.</summary>
    public static string? Well(IEnumerable<WebhookField> fields) =>
        fields.FirstOrDefault(field => Outcomes.Contains(field.Name) && field.Text is { } word && Good.Contains(word))?.Name;

    private static readonly FrozenSet<string> Outcomes = FrozenSet.ToFrozenSet(["status", "state", "conclusion", "outcome", "result"]);

    private static readonly FrozenSet<string> Good = FrozenSet.ToFrozenSet(
        ["success", "succeeded", "successful", "passed", "resolved", "recovered", "ok", "healthy"], StringComparer.OrdinalIgnoreCase);

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_.-]{0,39}\z")]
    private static partial Regex Plain();
}
