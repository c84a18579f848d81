using System.Text.RegularExpressions;
using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.PagerDuty;

/// <summary>Who writes what PagerDuty's deliveries tell (PagerDuty/developer-docs, docs/webhooks/01-Overview).</summary>
internal static partial class PagerDutyFacts
{
    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Made("id", Of(Id()), "PagerDuty draws it"),
        Made("service_id", Of(Id()), "PagerDuty draws it"),
        Made("incident_id", Of(Id()), "PagerDuty draws it"),
        Made("number", Number, "PagerDuty counts it"),
        Made("status", Words("triggered acknowledged resolved active warning critical maintenance disabled"), "one of PagerDuty's words"),
        Made("urgency", Words("high low"), "one of PagerDuty's words"),
        Made("at", Time, "PagerDuty's clock"),
        Made("url", new Link("/(incidents|services)/[A-Z0-9]{5,26}"), "PagerDuty makes it of the account's own subdomain and an id"),
        .. Texts("whatever opened the incident writes it, or who configured the service", "title", "service", "priority", "assignees", "policy", "teams", "text", "agent"),
        Rest,
    ];

    [GeneratedRegex(@"\A[A-Z0-9]{5,26}\z")]
    private static partial Regex Id();
}
