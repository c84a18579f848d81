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

    public IReadOnlyList<EventFacts> Events => DatadogFacts.Events;

    public string SameEvent => "id, cycle, transition and date in the body: for 8 days, or for 5 minutes where they do not tell one event";

    // Its sites (Datadog Docs: getting_started/site). A customer's own subdomain is given with --host.
    public IReadOnlyList<string> Hosts { get; } =
        ["app.datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "app.datadoghq.eu", "ap1.datadoghq.com", "ap2.datadoghq.com", "app.ddog-gov.com"];

    public bool TellsUnreadable => true;

    public WebhookScheme Scheme(SourceSettings settings) => HeaderSecret.Bearer;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new DatadogFields(document.RootElement);
        var id = Of(f.Text("event_id"), Shapes.Id());
        var (cycle, monitor) = (Of(f.Sure("cycle"), Shapes.Id()), Of(f.Sure("monitor"), Shapes.Digits()));
        var transition = Word(f.Sure("transition"));
        var inTitle = f.Text("transition") is null ? Word(InTitle().Match(f.Text("title") ?? "").Groups[1].Value) : null; // whoever posts an event writes its title
        var time = Of(f.Text("date"), Shapes.Digits());

        // From when it triggers until it resolves an alert has one cycle key (Datadog Docs: integrations/webhooks, variables). A title says
        // what anybody wrote, so the transition must stand where the template has it.
        var subject = About(transition is not (null or "Recovered"), transition == "Recovered", 0, "alert", monitor, cycle, f.Text("scope"));
        var told = Named([.. Trusted.Select(field => Text(field, f.Sure(field) ?? (field == "type" && f.Text(field) is null ? f.Text("event_type") : null), field == "url" ? 500 : Short))]);
        var beside = Named(
        [
            .. f.Doubted.Where(Trusted.Contains).Select(field => Text(field, f.Text(field))),
            Text("transition", inTitle),
            .. Written.Select(field => Text(field, f.Text(field), field is "text" or "tags" ? Long : Short)),
        ]);
        return new WebhookReading
        {
            Id = id is null ? null : $"{id}:{cycle}:{transition ?? inTitle}:{time}",
            IdIsProved = true, // by nothing less than the body is
            Kept = IsOneEvent(id, time, cycle, monitor) ? DedupeKeys.Kept : WebhookReading.Minutes,
            Summary = new WebhookSummary
            {
                Name = "datadog.alert",
                FilterReason = subject is null && ((transition ?? inTitle) == "Recovered" || (transition ?? inTitle) is null && f.Sure("type") == "success") ? "not a failure" : null,
                FilteredBy = (transition ?? inTitle) is null ? "type" : "transition",
                Trusted = told,
                Untrusted = [.. beside, .. BodyFields.Of(f.Others, told.Concat(beside).Select(field => field.Name))],
                Subject = subject,
            },
        };
    }

    private static readonly string[] Trusted = ["transition", "priority", "monitor", "event_id", "type", "url"];
    private static readonly string[] Written = ["title", "text", "scope", "host", "tags", "metric", "query", "status"];

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
    private static bool IsOneEvent(string? id, string? time, string? cycle, string? monitor) =>
        id is not null && (time is not null || (cycle is not null && monitor is not null && monitor != id));

    private static string? Of(string? text, Regex shape) => text is not null && shape.IsMatch(text) ? text : null;

    private static string? Word(string? text) =>
        text is "Triggered" or "Re-Triggered" or "Warn" or "Re-Warn" or "No Data" or "Re-No Data" or "Recovered" or "Renotify" ? text : null;

    // The default payload tells the transition in its title only: "[P1] [Triggered] High tracking".
    [GeneratedRegex(@"\A(?:\[P[1-5]\] )?\[([A-Za-z -]{1,20})\]")]
    private static partial Regex InTitle();
}
