using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Cluster.Core.Routing;

/// <summary>One value of a condition: a text, a pattern with <c>*</c> and <c>?</c>, or a comparison with a number.</summary>
internal abstract class ValueTest
{
    /// <summary>What no value passes.</summary>
    public static ValueTest Never { get; } = new Nothing();

    public abstract bool Passes(string value);

    /// <returns>Null when it begins as a comparison and is none.</returns>
    public static ValueTest? Read(string written)
    {
        if (written.Length > 0 && written[0] is '<' or '>')
        {
            var orEqual = written.Length > 1 && written[1] == '=';
            return TryNumber(written.AsSpan(orEqual ? 2 : 1).Trim(), out var number) ? new Comparison(written[0] == '>', orEqual, number) : null;
        }

        return written.AsSpan().ContainsAny('*', '?') ? new Glob(written) : new Literal(written);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, [NotNullWhen(true)] out decimal number) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);

    private sealed class Nothing : ValueTest
    {
        public override bool Passes(string value) => false;
    }

    private sealed class Literal(string text) : ValueTest
    {
        public override bool Passes(string value) => string.Equals(text, value, StringComparison.Ordinal);
    }

    private sealed class Comparison(bool greater, bool orEqual, decimal number) : ValueTest
    {
        public override bool Passes(string value) =>
            TryNumber(value, out var given) && ((orEqual && given == number) || (greater ? given > number : given < number));
    }

    // Goes back to the last star only, so a hostile value costs no more than its length times the pattern's.
    private sealed class Glob(string pattern) : ValueTest
    {
        private readonly string _start = pattern[..pattern.AsSpan().IndexOfAny('*', '?')];
        private readonly string _end = pattern[(pattern.AsSpan().LastIndexOfAny('*', '?') + 1)..];

        public override bool Passes(string value)
        {
            if (!value.StartsWith(_start, StringComparison.Ordinal) || !value.EndsWith(_end, StringComparison.Ordinal))
            {
                return false;
            }

            var (at, p, star, taken) = (0, 0, -1, 0);
            while (at < value.Length)
            {
                if (p < pattern.Length && pattern[p] == '*')
                {
                    (star, taken) = (p++, at);
                }
                else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == value[at]))
                {
                    p++;
                    at++;
                }
                else if (star >= 0)
                {
                    p = star + 1;
                    at = ++taken;
                }
                else
                {
                    return false;
                }
            }

            return pattern.AsSpan(p).TrimStart('*').IsEmpty;
        }
    }
}
