using System.Text.Json;
using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks.GitHub;

/// <summary>One attempt of GitHub's to deliver (GitHub Docs: REST, repository webhooks, list deliveries).</summary>
/// <param name="Id">The attempt's.</param>
/// <param name="Delivery">The delivery's, which all its attempts share: <c>X-GitHub-Delivery</c>.</param>
/// <param name="At">When it was attempted.</param>
/// <param name="Ok">Whether it was answered 2xx.</param>
public sealed partial record HookDelivery(long Id, string Delivery, DateTimeOffset At, bool Ok)
{
    /// <summary>GitHub attempts again what is of the last three days (GitHub Docs: redelivering webhooks).</summary>
    public static readonly TimeSpan Redeliverable = TimeSpan.FromDays(3);

    /// <exception cref="JsonException">It is no list of attempts.</exception>
    public static IReadOnlyList<HookDelivery> ReadList(ReadOnlyMemory<byte> json)
    {
        using var document = PayloadFields.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("The deliveries are no list.");
        }

        return [.. document.RootElement.EnumerateArray().Select(item => Read(new PayloadFields(item))).OfType<HookDelivery>()];
    }

    /// <summary>The hook whose address ends in this path; null when there is none.</summary>
    /// <exception cref="JsonException">It is no list of hooks.</exception>
    public static long? FindHook(ReadOnlyMemory<byte> json, string path)
    {
        using var document = PayloadFields.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("The hooks are no list.");
        }

        return document.RootElement.EnumerateArray().Select(item => new PayloadFields(item))
            .Where(hook => hook.Text("config.url")?.EndsWith($"/hooks/{path}", StringComparison.Ordinal) == true)
            .Select(hook => hook.Integer("id"))
            .FirstOrDefault();
    }

    /// <summary>What a <c>Link</c> header calls the next page; null on the last one. Only the cursor is taken, never its address.</summary>
    public static string? NextCursor(string? link) => link is not null && Next().Match(link) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>Of each delivery of which no attempt succeeded the latest attempt, the oldest delivery first.</summary>
    public static IReadOnlyList<HookDelivery> Failed(IEnumerable<HookDelivery> attempts) =>
    [
        .. attempts.GroupBy(attempt => attempt.Delivery)
            .Where(delivery => delivery.All(attempt => !attempt.Ok))
            .OrderBy(delivery => delivery.Min(attempt => attempt.At)).ThenBy(delivery => delivery.Min(attempt => attempt.Id))
            .Select(delivery => delivery.MaxBy(attempt => (attempt.At, attempt.Id))!),
    ];

    private static HookDelivery? Read(PayloadFields f) =>
        f.Integer("id") is > 0 and { } id
            && f.Text("guid") is { } guid && GitHubEvent.IsDeliveryId(guid)
            && DateTimeOffset.TryParse(f.Text("delivered_at"), System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var at)
            ? new HookDelivery(id, guid, at, f.Integer("status_code") is >= 200 and < 300)
            : null;

    [GeneratedRegex("[?&]cursor=([A-Za-z0-9_-]{1,200})(?:&[^>]{0,500})?>; *rel=\"next\"")]
    private static partial Regex Next();
}
