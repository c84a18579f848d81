namespace Cluster.Core.Webhooks;

/// <summary>The headers of a delivery, without a web server's types.</summary>
/// <param name="values">All values of a header; none when it did not come.</param>
public readonly struct WebhookHeaders(Func<string, IReadOnlyList<string?>> values)
{
    /// <summary>The value of a header that came exactly once. Whatever comes twice is a claim and its contradiction.</summary>
    public string? One(string name) => values(name) is [{ } only] ? only : null;

    public bool Has(string name) => values(name).Count > 0;
}
