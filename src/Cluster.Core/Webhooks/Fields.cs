using System.Globalization;
using System.Text;
using Cluster.Core.Events;

namespace Cluster.Core.Webhooks;

/// <summary>Makes a summary's fields; those without a value are left out.</summary>
internal static class Fields
{
    /// <summary>Whose text it is, where the platform proves that they may write to the repository.</summary>
    public const string Member = "member";

    public const string Outside = "outside";

    /// <summary>A title, a name, a branch.</summary>
    public const int Short = 160;

    /// <summary>A description, an error's text.</summary>
    public const int Long = 320;

    public static WebhookField? Text(string name, string? text, int limit = Short) =>
        text is null ? null : new WebhookField { Name = name, Text = HostileText.Cut(text, limit) };

    /// <summary>An address; one that is cut is none any more.</summary>
    public static WebhookField? Address(string name, string? link) => Text(name, link, 500);

    public static WebhookField? Number(string name, long? number) => number is null ? null : new WebhookField { Name = name, Number = number };

    /// <summary>What an event is about, where all parts of its name are there.</summary>
    /// <param name="breaks">It says that something is wrong.</param>
    /// <param name="recovers">It says that it is well again.</param>
    /// <param name="step">How far it had come.</param>
    /// <param name="parts">Names that the platform gives, or that only narrow what is meant.</param>
    public static WebhookSubject? About(bool breaks, bool recovers, long? step, params ReadOnlySpan<string?> parts)
    {
        var key = new StringBuilder();
        foreach (var part in parts)
        {
            if (part is null or "" or PayloadFields.NotUnicode)
            {
                return null;
            }

            key.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part}");
        }

        return (breaks || recovers) && step is { } counted ? new WebhookSubject(key.ToString(), recovers, counted) : null;
    }

    public static List<WebhookField> Named(params ReadOnlySpan<WebhookField?> fields)
    {
        var present = new List<WebhookField>(fields.Length);
        foreach (var field in fields)
        {
            if (field is not null)
            {
                present.Add(field);
            }
        }

        return present;
    }
}
