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

    /// <summary>Whether an event of this kind may have a field at all, and if strangers are not let choose, one that is trusted.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="events">The events that are meant, without their platform; empty for any.</param>
    /// <param name="field">The field.</param>
    /// <param name="untrusted">Whether it may be of anybody.</param>
    /// <param name="test">What its value must pass.</param>
    public static bool MayHave(string kind, IReadOnlyList<string> events, string field, bool untrusted, Func<string, bool> test) =>
        ByKind.Value.TryGetValue(kind, out var rows) && (events.Count == 0 ? rows.Events.Values : events.Select(one => rows.Events.GetValueOrDefault(one))).Any(row =>
            row is null // an event that no row knows is told by what it has
                ? untrusted || rows.Find("", field) is { IsTrusted: true } known && known.Form.MayPass(test)
                : row.Facts.Any(fact => (fact.Field == field || (fact.Field == FieldFact.Rest && untrusted)) && (untrusted || (rows.Find(row.Event, field) is { IsTrusted: true } trusted && trusted.Form.MayPass(test)))));

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

        return Array.IndexOf(kept, null) < 0 && !summary.Stranger ? summary with { Trusted = kept! } : summary with
        {
            Trusted = [.. kept.OfType<WebhookField>(), .. Withheld()],
            Untrusted =
            [
                .. summary.Trusted.Where((field, i) => kept[i] is null && IsTold(field) && summary.Untrusted.All(other => other.Name != field.Name)),
                .. summary.Untrusted.Where(IsTold),
            ],
        };

        IEnumerable<WebhookField> Withheld()
        {
            var fields = summary.Trusted.Where((field, i) => kept[i] is null).Concat(summary.Untrusted).Where(field => !IsTold(field)).Select(field => field.Name)
                .Where(name => rows.Find(@event, name) is { Field: not FieldFact.Rest }).Distinct().ToList(); // other names are the body's own
            return fields.Count == 0 ? [] :
            [
                new WebhookField
                {
                    Name = FieldFact.Withheld,
                    Text = $"{string.Join(", ", fields)}: not by a known member{(sender.Authors is null ? "" : "; cluster source authors NAME --add ID")}",
                },
            ];
        }

        // Of a stranger's event names are told, and what platforms write; a sentence is left out, also where a name should stand.
        bool IsTold(WebhookField field) => !summary.Stranger || rows.Find(@event, field.Name) switch
        {
            null => false,
            { IsTrusted: false, IsNeeded: true } fact => field.Text is not { } name || Shapes.Link().IsMatch(name) || (Shapes.Name().IsMatch(name) && !(fact.IsToken && name.Contains(' '))),
            { IsTrusted: false, Writer: Writer.User } => false,
            _ => field.Number is not null || field.Text?.Any(char.IsWhiteSpace) == false,
        };
    }

    private sealed class KindRows
    {
        private static readonly FieldFact Kept = Rows.Ours(FieldFact.Withheld, FieldForm.Text, "which sentences of strangers are left out, and the command that lets them in");

        private readonly FrozenDictionary<string, FieldFact> _fields;
        private readonly FrozenDictionary<(string Event, string Field), FieldFact> _ofEvents;

        public KindRows(IWebhookSender sender)
        {
            All = sender.Facts;
            Events = sender.Events.ToFrozenDictionary(row => row.Event);
            Hosts = [.. sender.Hosts.Select(SenderHost.Known)];
            _fields = All.Where(fact => fact.Event is null).ToFrozenDictionary(fact => fact.Field);
            _ofEvents = All.Where(fact => fact.Event is not null).ToFrozenDictionary(fact => (fact.Event!, fact.Field));
        }

        public IReadOnlyList<FieldFact> All { get; }
        public FrozenDictionary<string, EventFacts> Events { get; }
        public IReadOnlyList<SenderHost> Hosts { get; }

        public FieldFact? Find(string @event, string field) =>
            _ofEvents.Count > 0 && _ofEvents.TryGetValue((@event, field), out var own) ? own
            : _fields.GetValueOrDefault(field) ?? (field == FieldFact.Withheld ? Kept : _fields.GetValueOrDefault(FieldFact.Rest));
    }
}
