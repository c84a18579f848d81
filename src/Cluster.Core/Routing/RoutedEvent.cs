using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Webhooks;

namespace Cluster.Core.Routing;

/// <summary>An event as routes see it: each field as text, by name.</summary>
public sealed class RoutedEvent
{
    private readonly Dictionary<string, string> _values = [];
    private readonly Dictionary<string, string> _written = []; // by whom nobody knows
    private readonly ReadOnlyMemory<byte> _payload;
    private JsonElement? _root;
    private bool _parsed;

    private RoutedEvent(string source, WebhookSummary summary, ReadOnlyMemory<byte> payload)
    {
        _payload = payload;

        // What is made by the platform is put in first, and what strangers write never takes the name of one of those fields.
        foreach (var field in summary.Trusted)
        {
            Put(field.Name, Text(field));
        }

        foreach (var field in summary.Untrusted)
        {
            Write(field.Name, Text(field));
        }

        Write(RouteFields.EventType, Untrusted("type"));
        Write("job_name", Untrusted("job"));
        Put("trigger", _values.GetValueOrDefault(RouteFields.Source)); // GitLab's word for what set a pipeline off
        _values[RouteFields.Source] = source;
        _values[RouteFields.Type] = summary.Name[(summary.Name.IndexOf('.', StringComparison.Ordinal) + 1)..];
        Put(RouteFields.Branch, summary.Branch);
        Put(RouteFields.Fork, summary.Fork is { } fork ? (fork ? "true" : "false") : null);
        foreach (var name in RouteFields.Normalized)
        {
            Alias(name, RouteFields.OtherNames.GetValueOrDefault(name));
        }

        foreach (var (name, text) in _written.Where(pair => RouteFields.IsWritable(pair.Key)))
        {
            Put(name, text);
        }

        Host = summary.Host;

        string? Untrusted(string name) => summary.Untrusted.FirstOrDefault(field => field.Name == name)?.Text;
    }

    /// <param name="source">Whose event it is.</param>
    /// <param name="summary">What was read out of it.</param>
    /// <param name="payload">The body, for conditions with a path; empty where it is not kept.</param>
    public static RoutedEvent Of(string source, WebhookSummary summary, ReadOnlyMemory<byte> payload = default) => new(source, summary, payload);

    public string Source => _values[RouteFields.Source];

    /// <summary>What it has, by name.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>A field as a condition, or a fold, may have it.</summary>
    /// <param name="field">Its name.</param>
    /// <param name="untrusted">Whether strangers may have written it.</param>
    public string? Value(string field, bool untrusted) =>
        _values.TryGetValue(field, out var value) && (untrusted || !RouteFields.IsWritable(field)) ? value
        : untrusted ? _written.GetValueOrDefault(field)
        : null;

    /// <summary>The host of the repository that it is about; null when its platform does not say it.</summary>
    public string? Host { get; }

    /// <summary>That repository, as <see cref="Sessions.Workplace.Place"/> has it; null when its platform does not say it.</summary>
    public string? Place => Host is not null && _values.TryGetValue("repository", out var repository) && repository.Contains('/', StringComparison.Ordinal)
        ? $"{Host}/{repository}".ToLowerInvariant()
        : null;

    /// <summary>Whether there is a payload into which a path can lead.</summary>
    public bool HasPayload => !_payload.IsEmpty;

    /// <summary>What stands at the end of a path. The payload is parsed when the first path is asked for, and once.</summary>
    public string? Find(JsonPath path)
    {
        if (!_parsed)
        {
            _parsed = true;
            try
            {
                using var document = HasPayload ? PayloadFields.Parse(_payload) : null;
                _root = document?.RootElement.Clone();
            }
            catch (JsonException)
            {
                // No path finds anything then; what else becomes of the event, its sender's reader says.
            }
        }

        return _root is { } root ? path.Find(root) : null;
    }

    private void Write(string name, string? value)
    {
        if (value is not null && !RouteFields.IsOnlyProved(name))
        {
            _written.TryAdd(name, value);
        }
    }

    private void Put(string name, string? value)
    {
        if (value is not null)
        {
            _values.TryAdd(name, value);
        }
    }

    // What is trusted under any of its names comes before what is not.
    private void Alias(string name, string[]? others)
    {
        foreach (var other in others ?? [])
        {
            Put(name, _values.GetValueOrDefault(other));
            Write(name, _written.GetValueOrDefault(other));
        }
    }

    private static string? Text(WebhookField field) => field.Text ?? field.Number?.ToString();
}
