using System.Globalization;
using Cluster.Core.Api;

namespace Cluster.Server.Pages;

/// <summary>Which permission requests a page shows, in which order. It says so whenever it is asked for again, by the script or by a form,
/// so that what was answered meanwhile keeps its place and nothing moves under a pointer.</summary>
internal static class PageCards
{
    /// <summary>How long a button has to have been there: who presses sooner meant what was there before.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    private const string Field = "cards";
    private const int Most = 100;

    public static string Write(IEnumerable<PermissionInfo> cards) => string.Join(',', cards.Select(card => card.Id));

    public static IReadOnlyList<long> Read(HttpRequest request)
    {
        var given = request.HasFormContentType ? request.Form[Field] : request.Query[Field];
        return given is not [{ } text]
            ? []
            : [.. text.Split(',', Most + 1).Take(Most)
                .Select(id => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
                .Where(id => id > 0).Distinct()];
    }

    /// <summary>The page as it was, with this request in sight.</summary>
    public static string Again(string page, HttpRequest request, string id) => $"{page}?{Field}={string.Join(',', Read(request))}#permission-{id}";

    /// <summary>False for a button that was shown less than a second ago, or by no page of ours. Nodes whose clocks differ rely on the script.</summary>
    public static bool IsSettled(string shownAt, DateTimeOffset now) =>
        long.TryParse(shownAt, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
        && (now.ToUnixTimeMilliseconds() - at) is var age && (age < 0 || age >= Settled.TotalMilliseconds);
}
