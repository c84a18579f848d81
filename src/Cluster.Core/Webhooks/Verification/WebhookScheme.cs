using System.Text;
using Cluster.Core.Secrets;

namespace Cluster.Core.Webhooks.Verification;

/// <summary>
/// How a sender proves its deliveries. First the headers are read, strictly: another spelling of the same bytes is refused, so that none
/// makes a second delivery. Then the raw body goes through the proof while it is read.
/// </summary>
public abstract class WebhookScheme
{
    /// <summary>How far a signed time may be from ours, both ways (Standard Webhooks: 300 s in its reference libraries).</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>What proves a delivery, in words that stand after "proved by".</summary>
    public abstract string Title { get; }

    /// <param name="headers">The delivery's headers.</param>
    /// <param name="keys">One key for each secret that lives.</param>
    /// <param name="now">This node's time.</param>
    /// <returns>Null when nothing in the headers could prove anything.</returns>
    public abstract WebhookProof? Begin(WebhookHeaders headers, IReadOnlyList<byte[]> keys, DateTimeOffset now);

    /// <summary>True when the proof is the HMAC of the body and nothing else, as at GitHub.</summary>
    public virtual bool SignsBodyAlone => false;

    /// <summary>False where only the sender has what signs.</summary>
    public virtual bool CanSign => true;

    /// <summary>What a secret looks like, in words that stand after "is".</summary>
    public virtual string SecretForm => "16 to 512 printable ASCII characters";

    /// <summary>The key that a secret stands for; null when it is no secret of this scheme.</summary>
    public virtual byte[]? Key(string secret) => Encoding.UTF8.GetBytes(secret);

    public virtual string NewSecret() => Secret.NewWebhookSecret();

    /// <summary>The headers with which the sender would prove this body.</summary>
    public abstract IReadOnlyDictionary<string, string> Sign(string secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body);

    /// <summary>Seconds since 1970 in plain digits, near enough to now.</summary>
    protected static bool IsNow(string? seconds, DateTimeOffset now)
    {
        if (seconds is not { Length: >= 1 and <= 12 } || seconds[0] == '0' || !seconds.All(char.IsAsciiDigit))
        {
            return false;
        }

        var apart = now.ToUnixTimeSeconds() - long.Parse(seconds);
        return Math.Abs(apart) <= (long)Tolerance.TotalSeconds;
    }

    /// <summary>32 bytes in lower hex.</summary>
    protected static byte[]? LowerHex(ReadOnlySpan<char> text)
    {
        if (text.Length != 64)
        {
            return null;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigitLower(c))
            {
                return null;
            }
        }

        return Convert.FromHexString(text);
    }
}
