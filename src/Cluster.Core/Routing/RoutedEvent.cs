using Cluster.Core.Events;

namespace Cluster.Core.Routing;

/// <summary>An event as routes see it: each field as text, by name.</summary>
public sealed class RoutedEvent
{
    private readonly Dictionary<string, string> _values = [];

    private RoutedEvent(string source, WebhookSummary summary)
    {
        // What is made by the platform is put in first, and what strangers write never takes the name of one of those fields.
        foreach (var field in summary.Trusted)
        {
            Put(field.Name, Text(field));
        }

        foreach (var field in summary.Untrusted)
        {
            if (!RouteFields.IsPlatformMade(field.Name))
            {
                Put(field.Name, field.Text);
            }
        }

        Put(RouteFields.EventType, Untrusted("type"));
        Put("job_name", Untrusted("job"));
        Put("trigger", _values.GetValueOrDefault(RouteFields.Source)); // GitLab's word for what set a pipeline off
        _values[RouteFields.Source] = source;
        _values[RouteFields.Type] = summary.Name[(summary.Name.IndexOf('.', StringComparison.Ordinal) + 1)..];
        Put(RouteFields.Branch, summary.Branch);
        Put(RouteFields.Fork, summary.Fork is { } fork ? (fork ? "true" : "false") : null);
        Alias("repository", "project");
        Alias("status", "state");
        Alias("severity", "urgency");
        Alias("service", "service_id");
        Host = summary.Host;

        string? Untrusted(string name) => summary.Untrusted.FirstOrDefault(field => field.Name == name)?.Text;
    }

    public static RoutedEvent Of(string source, WebhookSummary summary) => new(source, summary);

    public string Source => _values[RouteFields.Source];

    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>The host of the repository that it is about; null when its platform does not say it.</summary>
    public string? Host { get; }

    /// <summary>That repository, as <see cref="Sessions.Workplace.Place"/> has it; null when its platform does not say it.</summary>
    public string? Place => Host is not null && _values.TryGetValue("repository", out var repository) && repository.Contains('/', StringComparison.Ordinal)
        ? $"{Host}/{repository}".ToLowerInvariant()
        : null;

    private void Put(string name, string? value)
    {
        if (value is not null)
        {
            _values.TryAdd(name, value);
        }
    }

    private void Alias(string name, params ReadOnlySpan<string> others)
    {
        foreach (var other in others)
        {
            Put(name, _values.GetValueOrDefault(other));
        }
    }

    private static string? Text(WebhookField field) => field.Text ?? field.Number?.ToString();
}
