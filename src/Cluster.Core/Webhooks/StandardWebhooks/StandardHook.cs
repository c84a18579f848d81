using Cluster.Core.Events;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.StandardWebhooks;

/// <summary>Anything that sends Standard Webhooks 1.0.0 with a shared secret.</summary>
internal sealed class StandardHook : IWebhookSender
{
    private static readonly StandardSignature Signature = new();

    public string Kind => "standard-webhooks";

    public string Title => "Anything that signs by Standard Webhooks.";

    public WebhookScheme Scheme(SourceSettings settings) => Signature;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        return new WebhookReading
        {
            Id = delivery.Headers.One(StandardSignature.IdHeader),
            IdIsProved = true,
            Summary = new WebhookSummary
            {
                Name = "standard-webhooks.event",
                Trusted = Named(Text("at", f.Pattern("timestamp", Shapes.Time()))),
                Untrusted = Named(
                    Text("type", f.Text("type")),
                    Text("data", f.Line("data"), 2 * Long)),
            },
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At the sender:",
        $"  Endpoint URL    {setup.Url}",
        $"  Signing secret  {setup.ShownSecret}",
        $"Where the sender makes the secret itself: cluster source rotate {setup.Name} --secret-file FILE --keep-old 0",
    ];
}
