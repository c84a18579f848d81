namespace Cluster.Tests.Webhooks.Verification;

/// <summary>Several signatures in one header, of which one counts.</summary>
public sealed class SignatureListTests
{
    [Theory]
    [InlineData("standard-webhooks", ' ', "v2,anything-at-all;of:its=own", "v1a,c2lnbmF0dXJl", "v1x,short")]
    [InlineData("standard-webhooks:svix", ' ', "v2,anything-at-all;of:its=own", "v1a,c2lnbmF0dXJl", "w0,0")]
    [InlineData("standard-webhooks:v1a", ' ', "v2,anything-at-all;of:its=own", "v1,c2lnbmF0dXJl", "v1b,c2lnbmF0dXJl")]
    [InlineData("gitlab:signing", ' ', "v2,anything-at-all;of:its=own", "v1a,c2lnbmF0dXJl", "v10,c2lnbmF0dXJl")]
    [InlineData("pagerduty", ',', "v2=of-its-own", "v1a=c2lnbmF0dXJl", "v10=0")]
    [InlineData("circleci", ',', "v2=of-its-own", "v1a=c2lnbmF0dXJl", "v10=0")]
    public void Versions_that_are_not_known_stand_beside_a_right_signature_and_prove_nothing(string name, char separator, string one, string two, string three)
    {
        var signed = new Signed(name);
        var header = Enumerable.Range(0, signed.Headers.Count).Single(signed.IsSignature);
        bool Accepts(params string[] list) => signed.Accepts(signed.With(header, _ => string.Join(separator, list)));
        var right = signed.Headers[header].Value;
        var padding = new string('a', 3_000);

        foreach (var other in new[] { one, two, three })
        {
            Assert.True(Accepts(other, right), other);
            Assert.True(Accepts(right, other), other);
            Assert.False(Accepts(other), other);
        }

        Assert.True(Accepts(one, two, right, three, right));
        Assert.True(Accepts(one + padding, right)); // a longer kind of signature
        Assert.False(Accepts(one, two, three));
        Assert.True(Accepts([.. Enumerable.Repeat(one, 15), right]));
        Assert.False(Accepts([.. Enumerable.Repeat(one, 16), right]));
        Assert.False(Accepts(one + padding, two + padding, three + padding, right));
        Assert.False(Accepts(right, ""));
        Assert.False(Accepts("", right));
        Assert.False(Accepts(right, "", one));
        Assert.False(Accepts(right, "no version"));
        Assert.False(Accepts(right, right[..^1])); // one of ours that no encoder wrote
        Assert.False(Accepts(right, "V2" + one[2..]));
        Assert.False(Accepts(right, one + "\t"));
        Assert.False(Accepts(right, one + "\u00e9"));
    }

    [Theory]
    [InlineData("standard-webhooks", ' ', "v9,")]
    [InlineData("standard-webhooks:v1a", ' ', "v1,")]
    [InlineData("pagerduty", ',', "v2=")]
    public void Of_twenty_thousand_changed_lists_none_is_accepted(string name, char separator, string version)
    {
        var signed = new Signed(name);
        var header = Enumerable.Range(0, signed.Headers.Count).Single(signed.IsSignature);
        var random = new Random(2);
        var accepted = new List<string>();
        var right = signed.Headers[header].Value;

        for (var i = 0; i < MutationTests.Mutations; i++)
        {
            // A right signature under another version, and one that was changed under its own.
            var changed = (i % 3) switch { 0 => MutationTests.FlipBit(right, random), 1 => right[..random.Next(right.Length)], _ => MutationTests.SwapCharacter(right, random) };
            var list = $"{version}{right[(right.IndexOfAny([',', '=']) + 1)..]}{separator}{changed}";
            if (changed != right && signed.Accepts(signed.With(header, _ => list)))
            {
                accepted.Add(list);
            }
        }

        Assert.Empty(accepted);
    }
}
