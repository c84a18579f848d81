using Cluster.Core.Access;
using Cluster.Storage.Engines;
using Cluster.Storage.Sessions;

namespace Cluster.Storage.Mailboxes;

/// <summary>A webhook's event as it is kept.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="Name">The event's.</param>
/// <param name="Content">What its session got.</param>
/// <param name="Payload">The body; null where nobody may fetch it.</param>
public sealed record StoredWebhook(string Source, string Name, string Content, byte[]? Payload);

/// <summary>Webhooks' events for those who ask about them again.</summary>
public sealed class WebhookEvents(Engine engine)
{
    private const string SourcePrefix = "source:";

    /// <returns>Null when there is none, or when this identity may not watch any session that has it: one answer for both.</returns>
    public Task<StoredWebhook?> FindAsync(long eventId, Identity who, CancellationToken ct) =>
        engine.ReadAsync(
            async db =>
            {
                foreach (var session in await EventLives.SessionsAsync(db, eventId, who))
                {
                    if (await AccessStore.FindAsync(db, session) is { } access && access.May(who, Act.Watch))
                    {
                        return await db.RowAsync(
                            "SELECT sender, name, body, payload FROM event WHERE id = @event AND kind = 'webhook' AND sender LIKE 'source:%'",
                            r => new StoredWebhook(
                                r.GetString(0)[SourcePrefix.Length..],
                                r.GetString(1),
                                Packed.UnpackText(r.Bytes(2)),
                                r.IsDBNull(3) ? null : Packed.Unpack(r.Bytes(3))),
                            ("@event", eventId));
                    }
                }

                return null;
            },
            ct);
}
