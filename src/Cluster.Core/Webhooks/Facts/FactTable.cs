using System.Collections.Frozen;
using Cluster.Core.Events;

namespace Cluster.Core.Webhooks.Facts;

/// <summary>
/// Who writes which field of which kind of sender: the one place that says what is trusted. A reader offers what it found as trusted; only what has a
/// row here, whose writer is the platform, the owner or the cluster itself, and the form that the row asks for, stays so. All else is told as
/// untrusted, under the same name: a field that nobody thought of, a word that no version knows yet, an address on another host.
/// </summary>
public static class FactTable
{
    private static readonly Lazy<FrozenDictionary<string, KindRows>> ByKind = new(() =>
        WebhookSenders.All.ToFrozenDictionary(sender => sender.Kind, sender => new KindRows(sender)));

    /// <summary>The rows of one kind.</summary>
    public static IReadOnlyList<FieldFact> Of(string kind) => ByKind.Value.TryGetValue(kind, out var rows) ? rows.All : [];

    /// <summary>What is known of a field of an event; null for nothing.</summary>
    public static FieldFact? Find(string kind, string @event, string field) => ByKind.Value.TryGetValue(kind, out var rows) ? rows.Find(@event, field) : null;

    /// <summary>Whether a field of an event is told as untrusted, by whomever it was written: an address is where nobody said on which host the sender is.</summary>
    public static bool IsWritable(string kind, string @event, string field, bool hasHosts) =>
        Find(kind, @event, field) is { } fact && (!fact.IsTrusted || (fact.IsLink && !hasHosts && ByKind.Value[kind].Hosts.Count == 0));

    /// <summary>Whether an address of this kind can be trusted at all, so that its sources may have hosts.</summary>
    public static bool HasLinks(IWebhookSender sender) => sender.Facts.Any(fact => fact is { IsTrusted: true, IsLink: true });

    /// <summary>What is told of an event that a reader read.</summary>
    internal static WebhookSummary Told(IWebhookSender sender, WebhookSummary summary, SourceSettings settings)
    {
        var rows = ByKind.Value[sender.Kind];
        var @event = summary.Name[(summary.Name.IndexOf('.', StringComparison.Ordinal) + 1)..];
        var names = new Dictionary<string, string>();
        var context = new FieldContext(settings.Hosts is { Count: > 0 } hosts ? [.. hosts.Select(SenderHost.Read).OfType<SenderHost>()] : rows.Hosts, names.GetValueOrDefault);
        var kept = new WebhookField?[summary.Trusted.Count];
        foreach (var links in new[] { false, true }) // an address is asked about once it is known what else is trusted
        {
            for (var i = 0; i < kept.Length; i++)
            {
                if (rows.Find(@event, summary.Trusted[i].Name) is { IsTrusted: true } fact && fact.IsLink == links)
                {
                    kept[i] = fact.Form.Read(summary.Trusted[i], context);
                    if (kept[i] is { Text: { } text })
                    {
                        names[kept[i]!.Name] = text;
                    }
                }
            }
        }

        return Array.IndexOf(kept, null) < 0 ? summary with { Trusted = kept! } : summary with
        {
            Trusted = [.. kept.OfType<WebhookField>()],
            Untrusted =
            [
                .. summary.Trusted.Where((field, i) => kept[i] is null && IsTold(field)).Select(Short),
                .. summary.Untrusted,
            ],
        };

        // What the platform made is told wherever it stands; what a stranger wrote is left out of a stranger's event.
        bool IsTold(WebhookField field) =>
            summary.Untrusted.All(other => other.Name != field.Name)
            && !(summary.Stranger && rows.Find(@event, field.Name) is null or { IsTrusted: false, IsNeeded: false });
    }

    private static WebhookField Short(WebhookField field) => field.Text is { } text ? field with { Text = HostileText.Cut(text, Fields.Long) } : field;

    private sealed class KindRows
    {
        private readonly FrozenDictionary<string, FieldFact> _fields;
        private readonly FrozenDictionary<(string Event, string Field), FieldFact> _ofEvents;

        public KindRows(IWebhookSender sender)
        {
            All = sender.Facts;
            Hosts = [.. sender.Hosts.Select(SenderHost.Known)];
            _fields = All.Where(fact => fact.Event is null).ToFrozenDictionary(fact => fact.Field);
            _ofEvents = All.Where(fact => fact.Event is not null).ToFrozenDictionary(fact => (fact.Event!, fact.Field));
        }

        public IReadOnlyList<FieldFact> All { get; }
        public IReadOnlyList<SenderHost> Hosts { get; }

        public FieldFact? Find(string @event, string field) =>
            _ofEvents.Count > 0 && _ofEvents.TryGetValue((@event, field), out var own) ? own : _fields.GetValueOrDefault(field);
    }
}
