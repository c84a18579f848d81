using System.Text.Json;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.Generic;

/// <summary>Any JSON with a bearer secret. The operator says where id, type, title and address stand; who wrote them nobody knows, so all of
/// them are data.</summary>
internal sealed class GenericHook : IWebhookSender
{
    public string Kind => "generic";

    public string Title => "Any JSON with a secret in a header.";

    public IReadOnlyList<FieldFact> Facts => GenericFacts.All;

    public IReadOnlyList<EventFacts> Events => GenericFacts.Events;

    public string SameEvent => "the id to which --id points, for 8 days; without one the body, for 5 minutes";

    public bool TellsUnreadable => true;

    public WebhookScheme Scheme(SourceSettings settings) => HeaderSecret.Bearer;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.Parse(delivery.Body);
        var root = document.RootElement;
        var id = At(root, delivery.Settings.Id);
        var settings = delivery.Settings;
        var bare = settings is { Id: null, Type: null, Title: null, Url: null };
        var told = Named(
            Number("bytes", delivery.Body.Length),
            Address("url", At(root, settings.Url ?? (bare ? "/url" : null))));
        var known = Named(
            Text("type", At(root, settings.Type ?? (bare ? "/type" : null))),
            Text("title", At(root, settings.Title ?? (bare ? "/title" : null))),
            Text("id", id ?? (bare ? At(root, "/id") : null)));
        var own = bare ? BodyFields.Of(root, 3, told.Concat(known).Select(field => field.Name)).ToList() : [];
        return new WebhookReading
        {
            Id = string.IsNullOrEmpty(id) ? null : id,
            IdIsProved = true, // by nothing less than the body is
            Kept = string.IsNullOrEmpty(id) ? WebhookReading.Minutes : DedupeKeys.Kept,
            Summary = new WebhookSummary
            {
                Name = "generic.event",
                FilterReason = BodyFields.Well(own) is null ? null : "not a failure",
                FilteredBy = BodyFields.Well(own),
                Trusted = told,
                Untrusted = [.. known, .. own],
            },
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At the sender:",
        $"  curl -H 'Authorization: Bearer {setup.ShownSecret}' -H 'Content-Type: application/json' \\",
        $"    {setup.Url} --data '{{\"id\":\"1\",\"type\":\"deploy\",\"title\":\"It works\",\"url\":\"https://example.com/1\"}}'",
        setup.Settings.Id is null
            ? "The same body counts once within five minutes; add the source with --id /POINTER where events have an id."
            : "Each id counts once within eight days.",
    ];

    private static string? At(JsonElement root, string? pointer) =>
        pointer is null || JsonPointer.Find(root, pointer) is not { } found ? null
        : found.ValueKind switch
        {
            JsonValueKind.String => PayloadFields.Read(found),
            JsonValueKind.Null or JsonValueKind.Undefined => null,
            _ => PayloadFields.Raw(found),
        };
}
