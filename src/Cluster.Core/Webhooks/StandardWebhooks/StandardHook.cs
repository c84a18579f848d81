using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.StandardWebhooks;

/// <summary>Anything that sends Standard Webhooks 1.0.0: with a shared secret, or with a key pair of which the source has the public key.</summary>
internal sealed class StandardHook : IWebhookSender
{
    private const string PublicKey = "v1a";

    private static readonly StandardSignature Shared = new(svix: true);
    private static readonly StandardPublicKeySignature Asymmetric = new();

    public string Kind => "standard-webhooks";

    public string Title => "Anything that signs by Standard Webhooks.";

    public IReadOnlyList<FieldFact> Facts => StandardFacts.All;

    public IReadOnlyList<EventFacts> Events => StandardFacts.Events;

    public string SameEvent => "the signed webhook-id, for 8 days";

    public IReadOnlyList<string> Modes => ["v1", PublicKey];

    public bool MakesSecret(SourceSettings settings) => settings.Mode == PublicKey;

    public string Platform => "The sender";

    public WebhookScheme Scheme(SourceSettings settings) => SchemeOf(settings);

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        var at = Named(Text("at", f.Pattern("timestamp", Shapes.Time())));
        var known = Named(
            Text("type", f.Text("type")),
            Text("data", f.Line("data"), 2 * Long));
        var own = known.Count == 2 ? [] : BodyFields.Of(f.Root, 3, at.Concat(known).Select(field => field.Name).Append("timestamp")).ToList();
        return new WebhookReading
        {
            // Signed, and the same on every attempt (Standard Webhooks: webhook-id).
            Id = SchemeOf(delivery.Settings).IdOf(delivery.Headers),
            IdIsProved = true,
            Summary = new WebhookSummary
            {
                Name = "standard-webhooks.event",
                FilterReason = BodyFields.Well(own) is null ? null : "not a failure",
                FilteredBy = BodyFields.Well(own),
                Trusted = at,
                Untrusted = [.. known, .. own],
            },
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) => MakesSecret(setup.Settings)
        ?
        [
            "At the sender:",
            $"  Endpoint URL  {setup.Url}",
            .. Steps.GiveSecret(setup, "It shows its public key, which begins with whpk_"),
        ]
        :
        [
            "At the sender:",
            $"  Endpoint URL    {setup.Url}",
            $"  Signing secret  {setup.ShownSecret}",
            $"Where the sender makes the secret itself: cluster source rotate {setup.Name} --secret-file FILE --keep-old 0",
            "Where it has a key pair instead, add the source with --mode v1a.",
        ];

    private static StandardScheme SchemeOf(SourceSettings settings) => settings.Mode == PublicKey ? Asymmetric : Shared;
}
