using System.Collections.Frozen;
using System.Text.RegularExpressions;
using Cluster.Core.Events;

namespace Cluster.Core.Webhooks.Facts;

/// <summary>The form that a trusted value has. None has room for a sentence: a number, one of a platform's fixed words, an id, a time, an address of
/// fixed words and ids on the sender's own host.</summary>
public abstract class FieldForm
{
    private FieldForm()
    {
    }

    /// <summary>A number.</summary>
    public static FieldForm Number { get; } = new Numeric();

    /// <summary>Any text: never trusted.</summary>
    public static FieldForm Text { get; } = new Free();

    internal static FieldForm Hex { get; } = new Shaped(Shapes.Hex());

    internal static FieldForm Time { get; } = new Shaped(Shapes.Moment());

    internal static FieldForm Digits { get; } = new Shaped(Shapes.Digits());

    /// <summary>One of these words, separated by spaces or lines here. A word that is not known yet is told as untrusted.</summary>
    internal static FieldForm Words(string words) => new OneOf(words.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet());

    internal static FieldForm Of(Regex shape) => new Shaped(shape);

    /// <returns>The field as it may be trusted; null where it may not.</returns>
    internal abstract WebhookField? Read(WebhookField field, FieldContext context);

    /// <summary>What it is, for people.</summary>
    public virtual string Described => "a form of its own, without room for a sentence";

    /// <summary>Whether a value of this form may pass a test; of most forms that is not known.</summary>
    internal virtual bool MayPass(Func<string, bool> test) => true;

    private sealed class Numeric : FieldForm
    {
        public override string Described => "a number";

        internal override WebhookField? Read(WebhookField field, FieldContext context) => field.Number is null ? null : field;
    }

    private sealed class Free : FieldForm
    {
        public override string Described => "any text";

        internal override WebhookField? Read(WebhookField field, FieldContext context) => null;
    }

    private sealed class OneOf(FrozenSet<string> words) : FieldForm
    {
        public override string Described => $"one of: {string.Join(", ", words.Order(StringComparer.Ordinal))}";

        internal override WebhookField? Read(WebhookField field, FieldContext context) => field.Text is { } text && words.Contains(text) ? field : null;

        internal override bool MayPass(Func<string, bool> test) => words.Any(test);
    }

    private sealed class Shaped(Regex shape) : FieldForm
    {
        internal override WebhookField? Read(WebhookField field, FieldContext context) => field.Text is { } text && shape.IsMatch(text) ? field : null;
    }

    /// <summary>An address on one of the sender's own hosts: fixed words and ids, and before them at most the name of what the source is of. A query or
    /// a fragment that the form does not know is cut off.</summary>
    /// <param name="path">What stands behind the host, or behind the name; what it calls <c>kept</c> is told, or all that it takes.</param>
    /// <param name="name">The field, trusted by itself, whose value must stand before the path.</param>
    /// <param name="head">What stands before that name.</param>
    internal sealed class Link(string path, string? name = null, string? head = null) : FieldForm
    {
        public override string Described => "an address of fixed words and ids on the sender's own host";

        private const int MaxLength = 500;
        private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

        private readonly Lazy<Regex> _head = new(() => new Regex($@"\A(?:{head})(?=/)", Options));
        private readonly Lazy<Regex> _path = new(() => new Regex($@"\A(?:{path})/?(?<cut>[?#][!-~]*)?\z", Options));

        internal override WebhookField? Read(WebhookField field, FieldContext context)
        {
            if (field.Text is not { Length: <= MaxLength } text)
            {
                return null;
            }

            foreach (var host in context.Hosts)
            {
                if (host.Behind(text) is { } at && Kept(text[at..], context) is { } kept)
                {
                    return new WebhookField { Name = field.Name, Text = text[..at] + kept };
                }
            }

            return null;
        }

        private string? Kept(string rest, FieldContext context)
        {
            var at = 0;
            if (head is not null)
            {
                if (_head.Value.Match(rest) is not { Success: true } before)
                {
                    return null;
                }

                at = before.Length;
            }

            if (name is not null)
            {
                if (context.Value(name) is not { Length: > 0 } value || !rest.AsSpan(at).StartsWith($"/{value}", StringComparison.Ordinal))
                {
                    return null;
                }

                at += value.Length + 1;
            }

            var match = _path.Value.Match(rest[at..]);
            return !match.Success ? null
                : match.Groups["kept"] is { Success: true } kept ? rest[..at] + kept.Value
                : rest[..(at + match.Length - match.Groups["cut"].Length)];
        }
    }
}

/// <summary>What a form is asked about.</summary>
/// <param name="Hosts">The sender's own.</param>
/// <param name="Value">Fields of the same event that are trusted by themselves.</param>
internal readonly record struct FieldContext(IReadOnlyList<SenderHost> Hosts, Func<string, string?> Value);
