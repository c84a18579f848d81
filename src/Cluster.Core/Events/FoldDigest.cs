using System.Text.Json;

namespace Cluster.Core.Events;

/// <summary>One of the events that become one message.</summary>
/// <param name="EventId">Its id, by which its own content and payload can be asked for.</param>
/// <param name="Content">Its content as framed.</param>
public sealed record FoldMember(long EventId, string Content);

/// <summary>What is told of several events at once.</summary>
public sealed record FoldedSummary
{
    public required string Name { get; init; }

    /// <summary>How many they are, those that are not named counted too.</summary>
    public required int Count { get; init; }

    /// <summary>Ids of theirs, the last one always among them.</summary>
    public required IReadOnlyList<long> EventIds { get; init; }

    public IReadOnlyList<FoldedField> Trusted { get; init; } = [];
    public IReadOnlyList<FoldedField> Untrusted { get; init; } = [];
}

/// <summary>One field of several events.</summary>
/// <param name="Name">The field.</param>
/// <param name="Values">The one that all have, or different ones in the order of their arrival.</param>
/// <param name="Differs">True when not all have the same.</param>
/// <param name="More">How many other values are left out.</param>
public sealed record FoldedField(string Name, IReadOnlyList<FoldedValue> Values, bool Differs, int More);

/// <summary>One value: a text or a number.</summary>
public readonly record struct FoldedValue(string? Text, long? Number);

/// <summary>One message made of several events.</summary>
/// <param name="Name">What they are called, or what their platform is.</param>
/// <param name="Content">Its content as framed.</param>
public sealed record FoldDigestText(string Name, string Content);

/// <summary>Makes the content of one message out of the contents of several webhooks. It is short whatever they hold: what does not fit is cut
/// more and more, strangers' text first, and every event can still be asked for.</summary>
public static class FoldDigest
{
    /// <summary>Characters of the content, its playbook not counted.</summary>
    public const int MaxLength = 1_200;

    /// <summary>Events that are read for it; of further ones only the number is told.</summary>
    public const int MostRead = 100;

    // From what is told of a few events to what always fits.
    private static readonly Cuts[] Steps =
    [
        new(Ids: 40, Common: 300, Trusted: 6, Untrusted: 12, Length: 120),
        new(Ids: 40, Common: 300, Trusted: 2, Untrusted: 10, Length: 40),
        new(Ids: 40, Common: 200, Trusted: 1, Untrusted: 8, Length: 30),
        new(Ids: 40, Common: 200, Trusted: 1, Untrusted: 5, Length: 30),
        new(Ids: 40, Common: 160, Trusted: 1, Untrusted: 3, Length: 24),
        new(Ids: 20, Common: 160, Trusted: 1, Untrusted: 3, Length: 24),
        new(Ids: 10, Common: 120, Trusted: 1, Untrusted: 2, Length: 16),
        new(Ids: 6, Common: 120, Trusted: 1, Untrusted: 1, Length: 8),
        new(Ids: 6, Common: 120, Trusted: 1, Untrusted: 0, Length: 8),
        new(Ids: 6, Common: 60, Trusted: 0, Untrusted: 0, Length: 0),
        new(Ids: 6, Common: 0, Trusted: 0, Untrusted: 0, Length: 0),
    ];

    /// <param name="members">The first ones, in the order of their arrival; no more than <see cref="MostRead"/> are read.</param>
    /// <param name="count">How many there are in all.</param>
    /// <param name="lastId">The id of the last one of all.</param>
    public static FoldDigestText Make(IReadOnlyList<FoldMember> members, int count, long lastId)
    {
        var read = members.Take(MostRead).Select(member => (member.EventId, Parts: Read(member.Content))).ToList();
        var names = read.Select(one => one.Parts.Name).Where(name => name.Length > 0).Distinct().ToList();
        var name = names is [var only] ? only : $"{(names.Count > 0 ? names[0].Split('.')[0] : "webhook")}.events";
        var playbook = read.Select(one => one.Parts.Playbook).LastOrDefault() ?? "";
        var trusted = Columns(read.Select(one => one.Parts.Trusted).ToList());
        var untrusted = Columns(read.Select(one => one.Parts.Untrusted).ToList());
        var ids = read.Select(one => one.EventId).ToList();
        var cut = Array.Find(Steps, cuts => Framing.Folded(Summary(cuts), "").Length < MaxLength) ?? Steps[^1];
        return new FoldDigestText(Summary(cut).Name, Framing.Folded(Summary(cut), playbook));

        FoldedSummary Summary(Cuts cuts) => new()
        {
            Name = HostileText.Cut(name, 80),
            Count = count,
            EventIds = ids.Count <= cuts.Ids && ids is [.., var last] && last == lastId ? ids : [.. ids.Take(cuts.Ids - 1).Where(id => id != lastId), lastId],
            Trusted = Shown(trusted, cuts.Common, cuts.Trusted, cuts.Length),
            Untrusted = Shown(untrusted, cuts.Untrusted > 0 ? cuts.Common : 0, cuts.Untrusted, cuts.Length),
        };
    }

    private static List<FoldedField> Shown(List<Column> columns, int common, int most, int length)
    {
        var shown = new List<FoldedField>();
        foreach (var column in columns)
        {
            if (column.IsCommon && common > 0)
            {
                shown.Add(new FoldedField(column.Name, [Cut(column.Values[0], common)], Differs: false, More: 0));
            }
            else if (!column.IsCommon && most > 0)
            {
                var values = column.Values.Take(most).Select(value => Cut(value, length)).ToList();
                shown.Add(new FoldedField(column.Name, values, Differs: true, More: column.Values.Count - values.Count));
            }
        }

        return shown;
    }

    private static FoldedValue Cut(FoldedValue value, int length) => value.Text is { } text ? new FoldedValue(HostileText.Cut(text, length), null) : value;

    // The distinct values of each field, in the order of their arrival.
    private static List<Column> Columns(List<IReadOnlyList<(string Name, FoldedValue Value)>> events)
    {
        var columns = new Dictionary<string, (List<FoldedValue> Values, HashSet<FoldedValue> Known, int Seen)>();
        foreach (var (name, value) in events.SelectMany(one => one))
        {
            var (values, known, seen) = columns.GetValueOrDefault(name, ([], [], 0));
            if (known.Add(value))
            {
                values.Add(value);
            }

            columns[name] = (values, known, seen + 1);
        }

        return [.. columns.Select(column => new Column(column.Key, column.Value.Values, column.Value.Values.Count == 1 && column.Value.Seen == events.Count))];
    }

    // What we framed ourselves, read back: its second line.
    private static Parts Read(string content)
    {
        var line = content.IndexOf('\n', StringComparison.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(content.AsMemory(line + 1));
            var root = document.RootElement;
            return new Parts(root.GetProperty("event").GetString()!, root.GetProperty("playbook").GetString()!, Fields(root, "trusted"), Fields(root, "untrusted"));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new Parts("", "", [], []); // none of ours: it is counted, and its text stays where it is
        }
    }

    private static List<(string Name, FoldedValue Value)> Fields(JsonElement root, string part) =>
        [.. root.GetProperty(part).EnumerateObject().Select(field => (field.Name, field.Value.ValueKind == JsonValueKind.Number
            ? new FoldedValue(null, field.Value.GetInt64())
            : new FoldedValue(field.Value.GetString(), null)))];

    private sealed record Parts(
        string Name, string Playbook, IReadOnlyList<(string Name, FoldedValue Value)> Trusted, IReadOnlyList<(string Name, FoldedValue Value)> Untrusted);

    private sealed record Column(string Name, List<FoldedValue> Values, bool IsCommon);

    private sealed record Cuts(int Ids, int Common, int Trusted, int Untrusted, int Length);
}
