using System.Text.RegularExpressions;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.Datadog;

/// <summary>Datadog (docs.datadoghq.com/integrations/webhooks). It signs nothing; a custom header carries the secret. Its payload is the
/// operator's own template, in which an alert's text may break the JSON: then the alert is told without its fields.</summary>
internal sealed partial class DatadogHook : IWebhookSender
{
    private const string Payload =
        """{"v":1,"id":"$ID","cycle":"$ALERT_CYCLE_KEY","transition":"$ALERT_TRANSITION","type":"$ALERT_TYPE","priority":"$ALERT_PRIORITY","""
        + """ "monitor":"$ALERT_ID","title":"$EVENT_TITLE","text":"$TEXT_ONLY_MSG","scope":"$ALERT_SCOPE","link":"$LINK","date":"$DATE"}""";

    public string Kind => "datadog";

    public string Title => "Monitors of Datadog.";

    public IReadOnlyList<FieldFact> Facts => DatadogFacts.All;

    // Its sites (Datadog Docs: getting_started/site). A customer's own subdomain is given with --host.
    public IReadOnlyList<string> Hosts { get; } =
        ["app.datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "app.datadoghq.eu", "ap1.datadoghq.com", "ap2.datadoghq.com", "app.ddog-gov.com"];

    public bool TellsUnreadable => true;

    public WebhookScheme Scheme(SourceSettings settings) => HeaderSecret.Bearer;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        var id = f.Pattern("id", Shapes.Id());
        var transition = Transition(f);
        var time = f.Pattern("date", Shapes.Digits()) ?? f.Pattern("last_updated", Shapes.Digits());
        return new WebhookReading
        {
            Id = id is null ? null : $"{id}:{f.Pattern("cycle", Shapes.Id())}:{transition}:{time}",
            IdIsProved = true, // by nothing less than the body is
            Kept = IsOneEvent(id, time, f) ? DedupeKeys.Kept : WebhookReading.Minutes,
            Summary = new WebhookSummary
            {
                Name = "datadog.alert",
                Trusted = Named(
                    Text("transition", f.Text("transition") is null ? null : transition),
                    Text("priority", Priority(f)),
                    Text("monitor", f.Pattern("monitor", Shapes.Digits())),
                    Text("event_id", f.Pattern("id", Shapes.Digits())),
                    Text("type", f.Pattern("type", Shapes.Word()) ?? f.Pattern("event_type", Shapes.Word())),
                    Address("url", f.Link("link"))),
                Untrusted = Named(
                    Text("transition", f.Text("transition") is null ? transition : null), // whoever posts an event writes its title
                    Text("title", f.Text("title")),
                    Text("text", f.Text("text") ?? f.Text("body"), Long),
                    Text("scope", f.Text("scope"))),

                // From when it triggers until it resolves an alert has one cycle key (Datadog Docs: integrations/webhooks, variables). A title says
                // what anybody wrote, so the transition must stand where the template has it.
                Subject = f.Text("transition") is null ? null : About(
                    transition is not (null or "Recovered"), transition == "Recovered", 0,
                    "alert", f.Pattern("monitor", Shapes.Digits()), f.Pattern("cycle", Shapes.Id()), f.Text("scope")),
            },
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup) =>
    [
        "At Datadog, under Integrations, Webhooks, New:",
        $"  URL             {setup.Url}",
        "  Payload         " + Payload,
        $$"""  Custom Headers  {"Authorization":"Bearer {{setup.ShownSecret}}"}""",
        "  Encode as form  off",
        "and add @webhook-NAME to the monitors' messages. A hidden custom variable keeps the secret out of sight.",
    ];

    // What an operator's template calls the id may be the event's ($ID) or the monitor's ($ALERT_ID), which is the same each time; and a cycle, from when
    // an alert triggers until it resolves, has renewals and may warn twice (Datadog Docs: integrations/webhooks, variables). In doubt it is told.
    private static bool IsOneEvent(string? id, string? time, PayloadFields f) => id is not null
        && (time is not null || (f.Pattern("cycle", Shapes.Id()) is not null && f.Pattern("monitor", Shapes.Digits()) is { } monitor && monitor != id));

    private static string? Transition(PayloadFields f) =>
        (f.Text("transition") ?? InTitle().Match(f.Text("title") ?? "").Groups[1].Value) is
            ("Triggered" or "Re-Triggered" or "Warn" or "Re-Warn" or "No Data" or "Re-No Data" or "Recovered" or "Renotify") and { } word
            ? word
            : null;

    private static string? Priority(PayloadFields f) =>
        (f.Text("priority") ?? f.Text("alert_priority")) is ("P1" or "P2" or "P3" or "P4" or "P5" or "normal" or "low") and { } word ? word : null;

    // The default payload tells the transition in its title only: "[P1] [Triggered] High tracking".
    [GeneratedRegex(@"\A(?:\[P[1-5]\] )?\[([A-Za-z -]{1,20})\]")]
    private static partial Regex InTitle();
}
