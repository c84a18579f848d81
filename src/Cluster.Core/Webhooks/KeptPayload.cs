using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Cluster.Core.Events;

namespace Cluster.Core.Webhooks;

/// <summary>
/// What is kept of a delivery's body, for the session to fetch parts of. Where all who wrote in it are members, it is the JSON alone. Where only the
/// operator opened it, the source's path stands before it, so that whoever fetches asks that source whether it is open still; a node
/// of an earlier version cannot read that form, and shows nothing of it.
/// </summary>
public static partial class KeptPayload
{
    private const byte Opened = 1; // no JSON begins so
    private const int PathLength = 32;
    private const string Withheld = "[withheld]";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    // What a program that failed had in its hands, and what people may be reached by.
    private static readonly FrozenSet<string> Dropped = FrozenSet.ToFrozenSet(
        [
            "variables", "vars", "request", "env", "environ", "environment_variables", "headers", "query_string", "extra", "breadcrumbs", "parameters",
            "trigger_parameters", "ip_address", "conference_bridge",
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<string> DroppedParts = SearchValues.Create(
        [
            "email", "e-mail", "password", "passwd", "passphrase", "secret", "token", "credential", "authorization", "cookie", "api_key", "apikey", "api-key",
            "private_key", "privatekey", "private-key",
        ],
        StringComparison.OrdinalIgnoreCase);

    // In the query of an address, where names are short.
    private static readonly FrozenSet<string> DroppedQueries = FrozenSet.ToFrozenSet(["key", "sig", "code", "auth", "jwt", "pwd"], StringComparer.OrdinalIgnoreCase);

    // A member's merge brings a stranger's commit in, whose words stay the stranger's.
    private static readonly FrozenSet<string> Commits = new[] { "head_commit", "last_commit", "commit", "commits" }.ToFrozenSet();

    /// <param name="summary">What was read of the delivery.</param>
    /// <param name="body">The body.</param>
    /// <param name="source">The path of its source.</param>
    /// <param name="opened">True when the operator opened the payloads of the source.</param>
    /// <returns>Nothing where nobody may fetch any of it.</returns>
    public static ReadOnlyMemory<byte> Of(WebhookSummary summary, ReadOnlyMemory<byte> body, string source, bool opened)
    {
        if (!summary.PayloadOpen && !opened)
        {
            return default;
        }

        try
        {
            using var document = PayloadFields.Parse(body);
            return summary.PayloadOpen
                ? Write(document.RootElement, [], commits: false)
                : Write(document.RootElement, [Opened, .. Encoding.ASCII.GetBytes(source)], commits: true);
        }
        catch (JsonException)
        {
            return default; // there is nothing in it to point at
        }
    }

    /// <summary>The path of the source that must be open still, if it must, and the JSON.</summary>
    public static (string? Source, ReadOnlyMemory<byte> Json) Read(ReadOnlyMemory<byte> kept) =>
        kept.Length > PathLength && kept.Span[0] == Opened
            ? (Encoding.ASCII.GetString(kept.Span[1..(PathLength + 1)]), kept[(PathLength + 1)..])
            : (null, kept);

    /// <summary>The JSON without what is never shown. What was kept by an earlier version has it still.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        using var document = PayloadFields.Parse(json);
        return PayloadFields.Parse(Write(document.RootElement, [], commits: true));
    }

    private static ReadOnlyMemory<byte> Write(JsonElement root, ReadOnlySpan<byte> before, bool commits)
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        buffer.Write(before);
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            Write(json, root, commits);
        }

        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, JsonElement element, bool commits)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                var tells = TellsOfItsValue(element);
                var names = new Names(element);
                foreach (var field in element.EnumerateObject())
                {
                    var name = PayloadFields.Name(field);
                    json.WritePropertyName(names.Of(name));
                    if (IsDropped(name) || (tells && Is(name, "value")) || (!commits && Commits.Contains(name) && field.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array))
                    {
                        json.WriteStringValue(Withheld);
                    }
                    else
                    {
                        Write(json, field.Value, commits);
                    }
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(json, item, commits);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(PayloadFields.Read(element) is { } text ? Mask(text) : null);
                break;
            default:
                element.WriteTo(json);
                break;
        }
    }

    /// <summary>Whether a field of this name is never shown.</summary>
    internal static bool IsSecret(string name) => IsDropped(name);

    /// <summary>A field's text as it may be shown.</summary>
    internal static string Shown(string name, string text) => IsDropped(name) ? Withheld : Mask(text);

    private static bool IsDropped(string name) =>
        Dropped.Contains(name) || name.AsSpan().ContainsAny(DroppedParts);

    // {"name": "Authorization", "value": …}: what a field holds stands beside its name.
    private static bool TellsOfItsValue(JsonElement element) =>
        element.EnumerateObject().Any(field =>
            field.Value.ValueKind == JsonValueKind.String && PayloadFields.Name(field) is var name && (Is(name, "name") || Is(name, "key"))
            && PayloadFields.Read(field.Value) is { } text && IsDropped(text));

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

    // What has the form of an e-mail address, who logs in by an address of the web, and what its query calls a secret.
    private static string Mask(string text)
    {
        if (text.Contains('@', StringComparison.Ordinal) || text.Contains("%40", StringComparison.Ordinal))
        {
            text = Login().Replace(text, match => match.Value == "git@" ? match.Value : $"{Withheld}@");
            text = Mail().Replace(text, match => match.Value.StartsWith("git@", StringComparison.Ordinal) ? match.Value : Withheld);
        }

        return text.Contains('=', StringComparison.Ordinal) ? Query().Replace(text, Queried) : text;
    }

    private static string Queried(Match match) =>
        IsDropped(match.Groups["name"].Value) || DroppedQueries.Contains(match.Groups["name"].Value)
            || match.Groups["name"].Value.Contains("signature", StringComparison.OrdinalIgnoreCase)
            ? match.Groups["before"].Value + Withheld
            : match.Value;

    // Its last part is of letters: actions/checkout@v4.1.2 is none. A run of letters is tried once, from its
    // beginning, since strangers choose the text.
    [GeneratedRegex(@"(?:\G|(?<![\p{L}\p{N}._%+'-]))[\p{L}\p{N}._%+'-]+(?:@|%40)(?:[\p{L}\p{N}-]{1,63}\.){1,8}(?:\p{L}{2,63}|xn--[a-z0-9-]{1,59})")]
    private static partial Regex Mail();

    [GeneratedRegex(@"(?<=://)[^/\s@?#""<>]{1,256}@")]
    private static partial Regex Login();

    [GeneratedRegex(@"(?<before>[?&;#](?<name>[A-Za-z0-9_.%\[\]-]{1,100})=)[^&;#\s""'<>]+")]
    private static partial Regex Query();

    // A name is masked as a text is, and stays one of its own in its object.
    private sealed class Names(JsonElement element)
    {
        private HashSet<string>? _taken;
        private int _number;

        public string Of(string name)
        {
            var masked = Mask(name);
            if (masked == name)
            {
                return name;
            }

            _taken ??= [.. element.EnumerateObject().Select(PayloadFields.Name)];
            var one = masked;
            for (_number++; !_taken.Add(one); _number++)
            {
                one = $"{masked} {_number}";
            }

            return one;
        }
    }
}
