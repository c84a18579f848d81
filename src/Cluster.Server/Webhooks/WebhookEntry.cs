using System.Security.Cryptography;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Verification;
using Cluster.Server.Routing;

namespace Cluster.Server.Webhooks;

/// <summary>What became of a proved delivery.</summary>
internal abstract record Entry
{
    private Entry()
    {
    }

    /// <summary>What became of its event, or of the first of several that did not enter; null when the routes changed again and again.</summary>
    public sealed record Submitted(SubmitOutcome? Outcome) : Entry;

    /// <summary>A batch without an event.</summary>
    public sealed record Nothing : Entry;

    /// <summary>Why the sender must send otherwise.</summary>
    public sealed record Refused(string Reason) : Entry;

    /// <summary>The secret that proved it is none of the source's any more.</summary>
    public sealed record NotProved : Entry;

    public sealed record TooMany(int Most) : Entry;
}

/// <summary>Reads a proved delivery and lets its events in. Of a batch each is an event of its own: it has entered when all have, and after a part of it the
/// sender is told to come again; what has entered already is known then.</summary>
internal sealed class WebhookEntry(KnownSources sources, WebhookRouting routing, SenderLimits limits)
{
    private const int MostChanges = 3; // of a source's settings while one event comes in

    /// <param name="known">The source.</param>
    /// <param name="delivery">What it sent.</param>
    /// <param name="proven">How it was proved.</param>
    /// <param name="few">True when so few of its kind come in at once that it need not wait for the source's others.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<Entry> EnterAsync(KnownSource known, WebhookDelivery delivery, Proven proven, bool few, CancellationToken ct)
    {
        // A delivery counts once, with all that is in it: else a batch beyond the limit would never have entered, however often it came.
        if (limits.Throttle(known.Source.Identity) is { } wait)
        {
            return new Entry.Submitted(new SubmitOutcome.TooFast(wait));
        }

        using var place = few ? null : await limits.PlaceAsync(known.Source.Identity, ct);
        if (place is { IsAcquired: false })
        {
            return new Entry.Submitted(new SubmitOutcome.TooFast(TimeSpan.FromSeconds(1)));
        }

        if (WebhookSenders.Split(known.Sender!, delivery) is not { } parts)
        {
            return await EnterOneAsync(known, delivery, proven, ct);
        }

        if (parts.Count > known.Sender!.MostEvents)
        {
            return new Entry.TooMany(known.Sender.MostEvents);
        }

        Entry entered = new Entry.Nothing();
        foreach (var part in parts)
        {
            var one = await EnterOneAsync(known, part, proven with { Hash = SHA256.HashData(part.Body.Span) }, ct);
            if (one is not Entry.Submitted { Outcome: SubmitOutcome.Accepted accepted })
            {
                return one;
            }

            if (!accepted.Duplicate || entered is Entry.Nothing)
            {
                entered = one;
            }
        }

        return entered;
    }

    private async Task<Entry> EnterOneAsync(KnownSource known, WebhookDelivery delivery, Proven proven, CancellationToken ct)
    {
        var reading = Read(known, delivery);
        if (reading.Refused is { } refused)
        {
            return new Entry.Refused(refused);
        }

        // A source whose settings changed while the event came in lets nothing in that was read by those before, and nothing that a secret proved which
        // has ended since.
        var outcome = await routing.SubmitAsync(known, reading, delivery.Body, proven, ct);
        for (var i = 0; i < MostChanges && outcome is null or SubmitOutcome.NoSuchSession; i++)
        {
            if (await sources.FindAsync(known.Source.Path, ct, fresh: true) is not { } now
                || (now.Source.SettingsText == known.Source.SettingsText && now.Source.SecretMark == known.Source.SecretMark))
            {
                break;
            }

            if (now.Find(known.Keys[proven.Key]) is not { } key)
            {
                return new Entry.NotProved();
            }

            (known, proven) = (now, proven with { Key = key });
            outcome = await routing.SubmitAsync(known, Read(known, delivery with { Settings = now.Source.Settings }), delivery.Body, proven, ct);
        }

        return new Entry.Submitted(outcome);
    }

    private static WebhookReading Read(KnownSource known, WebhookDelivery delivery)
    {
        var reading = WebhookSenders.Read(known.Sender!, delivery);
        return reading with { Payload = KeptPayload.Of(reading.Summary, delivery.Body, known.Source.Path, delivery.Settings.Payload) };
    }
}
