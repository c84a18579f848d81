using System.Collections.Frozen;
using System.Text.Json;
using Cluster.Core.Webhooks.Facts;

namespace Cluster.Core.Webhooks.Datadog;

/// <summary>
/// The fields of an operator's own template. Its names are the operator's: mostly those of the variables, <c>$ALERT_TITLE</c> as <c>alert_title</c>,
/// <c>AlertTitle</c> or <c>alert-title</c> (Datadog Docs: integrations/webhooks, variables). A text may add a field that the template does not have, so
/// where two names of one fact say two things, none of them is trusted.
/// </summary>
internal sealed class DatadogFields
{
    private static readonly (string Field, string Names)[] Names =
    [
        ("transition", "transition alerttransition"), ("priority", "priority alertpriority"), ("monitor", "monitor monitorid alertid"), ("event_id", "id eventid"),
        ("type", "type alerttype"), ("url", "link url eventlink eventurl alerturl"), ("title", "title alerttitle eventtitle"),
        ("text", "text textonlymsg eventmsg message msg body alertmessage eventmessage description"), ("scope", "scope alertscope"), ("host", "host hostname"),
        ("tags", "tags alerttags eventtags"), ("metric", "metric alertmetric"), ("query", "query alertquery"), ("status", "status alertstatus"),
        ("cycle", "cycle alertcyclekey cyclekey"), ("date", "date lastupdated"), ("event_type", "eventtype"), ("user", "user username"), ("org", "orgname"),
    ];

    private static readonly FrozenDictionary<string, string> ByName =
        Names.SelectMany(one => one.Names.Split(' ').Select(name => (name, one.Field))).ToFrozenDictionary(one => one.name, one => one.Field);

    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _doubted = [];
    private readonly List<JsonProperty> _others = [];

    public DatadogFields(JsonElement root)
    {
        foreach (var property in root.EnumerateObject())
        {
            var name = string.Concat(PayloadFields.Name(property).Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
            var value = FactPath.Value(property.Value);
            if (!ByName.TryGetValue(name, out var field))
            {
                _others.Add(property);
            }
            else if ((value?.Text ?? value?.Number?.ToString(System.Globalization.CultureInfo.InvariantCulture)) is { } text && !_values.TryAdd(field, text) && _values[field] != text)
            {
                _doubted.Add(field);
            }
        }
    }

    /// <summary>The first that stands under one of a fact's names.</summary>
    public string? Text(string field) => _values.GetValueOrDefault(field);

    /// <summary>What only one name says, or several alike.</summary>
    public string? Sure(string field) => _doubted.Contains(field) ? null : Text(field);

    public IEnumerable<string> Doubted => _doubted;

    /// <summary>What stands under names that are not known.</summary>
    public IEnumerable<JsonProperty> Others => _others;
}
