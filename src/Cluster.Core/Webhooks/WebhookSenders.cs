using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;

namespace Cluster.Core.Webhooks;

/// <summary>All kinds of webhook senders.</summary>
public static partial class WebhookSenders
{
    /// <summary>In the order in which people are shown them.</summary>
    public static IReadOnlyList<IWebhookSender> All { get; } =
    [
        new GitHub.GitHubHook(),
        new GitLab.GitLabHook(),
        new Bitbucket.BitbucketHook(),
        new PagerDuty.PagerDutyHook(),
        new Sentry.SentryHook(),
        new Datadog.DatadogHook(),
        new Grafana.GrafanaHook(),
        new Alertmanager.AlertmanagerHook(),
        new CircleCi.CircleCiHook(),
        new Buildkite.BuildkiteHook(),
        new Jenkins.JenkinsHook(),
        new StandardWebhooks.StandardHook(),
        new CloudEvents.CloudEventsHook(),
        new Generic.GenericHook(),
    ];

    private const int MostOrigins = 20;

    private static readonly FrozenDictionary<string, IWebhookSender> ByKind = All.ToFrozenDictionary(sender => sender.Kind);

    /// <returns>Null for a kind that this version does not know.</returns>
    public static IWebhookSender? Find(string kind) => ByKind.GetValueOrDefault(kind);

    /// <summary>The events of a proved delivery that brings several; null when it is one, or none that can be read.</summary>
    public static IReadOnlyList<WebhookDelivery>? Split(IWebhookSender sender, WebhookDelivery delivery)
    {
        try
        {
            return sender.Split(delivery);
        }
        catch (JsonException)
        {
            return null; // reading says what becomes of it
        }
    }

    /// <summary>Reads a proved delivery whatever it is: a 4xx would make some senders stop sending for good.</summary>
    public static WebhookReading Read(IWebhookSender sender, WebhookDelivery delivery)
    {
        try
        {
            var reading = sender.Read(delivery);
            return reading with { Summary = FactTable.Told(sender, reading.Summary, delivery.Settings) };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the second from an element of another type than was asked for
        {
            return new WebhookReading
            {
                Kept = sender.TellsUnreadable ? WebhookReading.Minutes : DedupeKeys.Kept, // the same broken alert may be another time's
                Summary = new WebhookSummary
                {
                    Name = $"{sender.Kind}.unreadable",
                    FilterReason = sender.TellsUnreadable ? null : "unreadable",
                    Trusted = [new WebhookField { Name = "bytes", Number = delivery.Body.Length }],
                },
            };
        }
    }

    /// <summary>What is wrong with the settings of a new source, or null.</summary>
    public static string? Fault(IWebhookSender sender, SourceSettings settings)
    {
        if (settings.Mode is { } mode && !sender.Modes.Contains(mode))
        {
            return sender.Modes.Count == 0
                ? $"A source of kind {sender.Kind} has no modes; leave the mode out."
                : $"The mode of a {sender.Kind} source is one of: {string.Join(", ", sender.Modes)}.";
        }

        if (AuthorFault(sender, settings.Authors ?? []) is { } author)
        {
            return author;
        }

        if (OriginFault(sender, settings.Origins ?? []) is { } origin)
        {
            return origin;
        }

        if (HostFault(sender, settings.Hosts ?? []) is { } host)
        {
            return host;
        }

        var pointers = new[] { settings.Id, settings.Type, settings.Title, settings.Url }.OfType<string>().ToList();
        if (pointers.Count > 0 && sender is not Generic.GenericHook)
        {
            return $"Only a generic source has JSON pointers; a {sender.Kind} source knows its fields.";
        }

        return pointers.Find(pointer => !Generic.JsonPointer.IsValid(pointer)) is { } wrong
            ? $"'{wrong}' is not a JSON pointer; it is a path such as /alert/id, 200 characters at most."
            : null;
    }

    private static string? OriginFault(IWebhookSender sender, IReadOnlyList<string> origins) =>
        origins.Count > 0 && !sender.HasOrigins ? $"A {sender.Kind} source has no origins: its sender does not ask first."
        : origins.Count > MostOrigins ? $"A source has {MostOrigins} origins at the most."
        : origins.FirstOrDefault(origin => !Shapes.Host().IsMatch(origin)) is { } wrong ? $"'{wrong}' is no origin; it is the sender's host name, such as events.example.com."
        : null;

    /// <summary>What is wrong with the hosts of a source, or null.</summary>
    public static string? HostFault(IWebhookSender sender, IReadOnlyList<string> hosts) =>
        hosts.Count > 0 && !FactTable.HasLinks(sender) ? $"A {sender.Kind} source has no hosts: no address of its events is ever trusted."
        : hosts.Count > SenderHost.Most ? $"A source has {SenderHost.Most} hosts at the most."
        : hosts.FirstOrDefault(host => SenderHost.Canonical(host) is null) is { } wrong ? $"'{wrong}' is no host of a sender; a host is {SenderHost.Expected}."
        : null;

    /// <summary>What is wrong with the ids of a source's authors, or null.</summary>
    public static string? AuthorFault(IWebhookSender sender, IReadOnlyList<string> authors)
    {
        if (authors.Count > 0 && sender.Authors is null)
        {
            return $"A {sender.Kind} source has no authors: its events do not say by an id who wrote them.";
        }

        return authors.Count > AuthorIds.Most
            ? $"A source has {AuthorIds.Most} authors at the most."
            : authors.FirstOrDefault(author => !sender.Authors!.Form.IsMatch(author)) is { } wrong
                ? $"'{wrong}' is no author of a {sender.Kind} source; an author is {sender.Authors!.Expected}."
                : null;
    }

    /// <summary>What is wrong with a secret that the operator brings, or null.</summary>
    public static string? SecretFault(IWebhookSender sender, SourceSettings settings, string secret) =>
        !SecretText().IsMatch(secret)
            ? "A secret has 16 to 512 printable ASCII characters, and no space at its beginning or end."
            : sender.Scheme(settings).Key(secret) is null
                ? $"A {sender.Kind} source's secret is {sender.Scheme(settings).SecretForm}."
                : null;

    [GeneratedRegex(@"\A[!-~][ -~]{14,510}[!-~]\z")]
    private static partial Regex SecretText();
}
