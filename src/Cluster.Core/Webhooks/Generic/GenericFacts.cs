using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;
using static Cluster.Core.Webhooks.Facts.FieldForm;
using static Cluster.Core.Webhooks.Facts.Rows;

namespace Cluster.Core.Webhooks.Generic;

/// <summary>Of who sends any JSON nothing is known but the secret.</summary>
internal static class GenericFacts
{
    private const string Why = "the sender is any program, and who writes in what it sends is not known";

    public static IReadOnlyList<EventFacts> Events { get; } =
    [
        new("event", Also("bytes", ""), Link("url", "url"), Also("type", "type"), What("title", "title"), Also("id", "id"), Also(FieldFact.Rest, ""))
        { Rests = "status, state, conclusion, outcome or result: success, succeeded, successful, passed, resolved, recovered, ok or healthy, where the source has no pointers" },
    ];

    public static IReadOnlyList<FieldFact> All { get; } =
    [
        Ours("bytes", Number, "counted here"),
        Made(
            "url",
            new FieldForm.Link("(/([0-9]{1,20}|[0-9a-f]{7,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})){0,4}"),
            "numbers and ids below the source's host, with its path; without one it is anybody's"),
        Nobodys("type", Why),
        Nobodys("title", Why),
        Nobodys("id", Why),
        Rest,
    ];
}
