namespace Cluster.Core.Webhooks;

/// <summary>The headers of a delivery, without a web server's types.</summary>
/// <param name="values">All values of a header; none when it did not come.</param>
public readonly struct WebhookHeaders(Func<string, IReadOnlyList<string?>> values)
{
    /// <summary>The value of a header that came exactly once. Whatever comes twice is a claim and its contradiction.</summary>
    public string? One(string name) => values(name) is [{ } only] ? only : null;

    /// <summary>An id in a header; an empty one is none, or all deliveries without one would be the same.</summary>
    public string? Id(string name) => One(name) is { Length: > 0 and <= 128 } id ? id : null;

    public bool Has(string name) => values(name).Count > 0;
}
