using System.Text;
using System.Text.Json;

namespace Cluster.Core.Webhooks.CloudEvents;

/// <summary>An event whose attributes come as <c>ce-</c> headers and whose data is the body (cloudevents/spec, bindings/http-protocol-binding.md, binary
/// content mode).</summary>
internal static class CloudEventHeaders
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether all attributes are there that each event must have.</summary>
    public static bool AreComplete(WebhookHeaders headers) =>
        Array.TrueForAll(["ce-specversion", "ce-id", "ce-source", "ce-type"], name => headers.One(name) is not null);

    /// <summary>An attribute; null when it did not come exactly once.</summary>
    /// <exception cref="JsonException">It is not UTF-8 behind its percent signs, which must be refused.</exception>
    public static string? Read(WebhookHeaders headers, string attribute) => headers.One($"ce-{attribute}") is { } value ? Decode(Unquote(value)) : null;

    // Earlier versions of the binding put values in quotes.
    private static string Unquote(string value)
    {
        if (value.Length < 2 || value[0] != '"' || value[^1] != '"')
        {
            return value;
        }

        var text = new StringBuilder(value.Length);
        for (var i = 1; i < value.Length - 1; i++)
        {
            if (value[i] == '\\' && i < value.Length - 2)
            {
                i++;
            }

            text.Append(value[i]);
        }

        return text.ToString();
    }

    // One round, and no other way of decoding: what is not two hex digits stays as it is.
    private static string Decode(string value)
    {
        if (!value.Contains('%', StringComparison.Ordinal))
        {
            return value;
        }

        try
        {
            var text = Strict.GetBytes(value);
            var length = 0;
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] == '%' && i + 2 < text.Length && char.IsAsciiHexDigit((char)text[i + 1]) && char.IsAsciiHexDigit((char)text[i + 2]))
                {
                    text[length++] = Convert.FromHexString([(char)text[i + 1], (char)text[i + 2]])[0];
                    i += 2;
                }
                else
                {
                    text[length++] = text[i];
                }
            }

            return Strict.GetString(text, 0, length);
        }
        catch (ArgumentException e) // what the strict decoder and encoder throw
        {
            throw new JsonException("An attribute's header is not UTF-8.", e);
        }
    }
}
